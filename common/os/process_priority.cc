#include "common/os/process_priority.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace ssync {
namespace {

// glibc has neither ioprio_set(2) nor its constants.
constexpr int kWhoProcess = 1;
constexpr int kClassShift = 13;

struct NamedClass {
  IoClass io_class;
  std::string_view name;
  int number;
};

constexpr std::array kClasses{
    NamedClass{IoClass::unchanged, "", 0},
    NamedClass{IoClass::real_time, "IOPRIO_CLASS_RT", 1},
    NamedClass{IoClass::best_effort, "IOPRIO_CLASS_BE", 2},
    NamedClass{IoClass::idle, "IOPRIO_CLASS_IDLE", 3},
};

const NamedClass& entry_of(IoClass io_class) {
  return *std::ranges::find(kClasses, io_class, &NamedClass::io_class);
}

// Whether the process has it now.
bool set_nice(int nice) {
  errno = 0;
  const int present = ::getpriority(PRIO_PROCESS, 0);
  return (errno == 0 && present == nice) || ::setpriority(PRIO_PROCESS, 0, nice) == 0;
}

bool set_io_priority(int value) {
  return ::syscall(SYS_ioprio_get, kWhoProcess, 0) == value ||
         ::syscall(SYS_ioprio_set, kWhoProcess, 0, value) == 0;
}

}  // namespace

std::string_view io_class_name(IoClass io_class) { return entry_of(io_class).name; }

std::optional<IoClass> io_class_named(std::string_view name) {
  const auto* const found = std::ranges::find(kClasses, name, &NamedClass::name);
  if (name.empty() || found == kClasses.end()) return std::nullopt;
  return found->io_class;
}

std::vector<std::string> set_process_priority(const ProcessPriority& priority) {
  std::vector<std::string> problems;
  if (priority.nice && !set_nice(*priority.nice)) {
    problems.push_back(fmt::format("Unable to modify nice priority (nice_priority = {}): {}; left unchanged",
                                   *priority.nice, std::strerror(errno)));
  }
  if (priority.io_class == IoClass::unchanged || !priority.io_priority) return problems;
  const NamedClass& io_class = entry_of(priority.io_class);
  if (!set_io_priority((io_class.number << kClassShift) | *priority.io_priority)) {
    problems.push_back(fmt::format(
        "Unable to modify ionice priority (ionice_class = {}, ionice_priority = {}): {}; left unchanged",
        io_class.name, *priority.io_priority, std::strerror(errno)));
  }
  return problems;
}

}  // namespace ssync
