// What a call refuses with.
#pragma once

#include <string>

namespace ssync {

// The message of the Error that `call` throws; "no error" if it returns.
template <typename Error, typename Call>
std::string thrown_message(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace ssync
