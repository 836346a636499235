// Errors in a configuration.
#pragma once

#include <stdexcept>

namespace ssync {

// An operator's mistake. what() is one line with file, section, option, value and remedy; main prints it and
// exits with status 2.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace ssync
