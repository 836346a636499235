// Log target and level: the options of Swift's get_logger.
#pragma once

#include <string>

namespace ssync {

// What a line looks like.
enum class LineFormat { text, json };

struct LogSettings {
  std::string target = "stderr";  // stderr | syslog | a file's absolute path; log_target in [worker]
  std::string format = "text";    // text | json; log_format in [worker]
  std::string name = "swift";
  std::string facility = "LOG_LOCAL0";
  std::string level = "INFO";
  std::string address = "/dev/log";
};

}  // namespace ssync
