// The same work on several threads.
#pragma once

#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace ssync::bench {

// Calls work(0) … work(threads - 1), each on a thread of its own, and awaits them. Throws what the first of
// them threw that threw anything.
template <typename Work>
void run_parallel(std::size_t threads, const Work& work) {
  std::vector<std::exception_ptr> errors(threads);
  {
    std::vector<std::jthread> running;
    running.reserve(threads);
    for (std::size_t thread = 0; thread < threads; ++thread) {
      running.emplace_back([&work, &error = errors[thread], thread] {
        try {
          work(thread);
        } catch (...) {
          error = std::current_exception();
        }
      });
    }
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace ssync::bench
