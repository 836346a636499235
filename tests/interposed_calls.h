// What a library that is preloaded stands on: the functions that its own stand in front of. Included once,
// after INTERPOSER is defined as the name for its messages.
#pragma once

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

// The function that ours stands in front of. A data pointer is as large as a function's here, which C does
// not promise.
static void* next(const char* name) {
  void* function = dlsym(RTLD_NEXT, name);
  if (function == NULL) {
    fprintf(stderr, INTERPOSER ": no %s\n", name);
    abort();
  }
  return function;
}

#define FORWARD(result, name, types) \
  static result(*real) types;        \
  if (real == NULL) *(void**)&real = next(#name)
