// The operator's nice_priority, ionice_class and ionice_priority.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ssync {

// As ionice(1) has them.
enum class IoClass { unchanged, real_time, best_effort, idle };

struct ProcessPriority {
  std::optional<int> nice;  // nullopt: unchanged
  IoClass io_class = IoClass::unchanged;
  std::optional<int> io_priority = 0;  // within the class, which is not set without one

  bool operator==(const ProcessPriority&) const = default;
};

// Swift's name of a class, e.g. IOPRIO_CLASS_BE; empty for `unchanged`.
std::string_view io_class_name(IoClass io_class);
// nullopt for a name that is none of Swift's (swift.common.utils.IO_CLASS_ENUM).
std::optional<IoClass> io_class_named(std::string_view name);

// Gives this thread, and those and the processes that it starts, these priorities
// (swift.common.utils.modify_priority). What it cannot set stays as it is, as in Swift, and is returned as
// lines for the log. What is set already is not set again, which a process that has dropped its privileges
// could not.
std::vector<std::string> set_process_priority(const ProcessPriority& priority);

}  // namespace ssync
