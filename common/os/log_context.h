// What a line of the log belongs to: fields beside its text, which `log_format = json` and the journal show.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ssync::log {

// name: letters in lower case and '_', and as lasting as a literal.
struct Field {
  std::string_view name;
  std::variant<std::int64_t, double, std::string> value;
};

// As long as it lives, lines of this thread have its fields beside those of the contexts around it. Another
// thread that works for this one has them by LentContext. Costs nothing but when it is made and where a line
// is written.
class Context {
 public:
  explicit Context(std::vector<Field> fields);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

 private:
  friend std::vector<Field> fields();

  const Context* around_;
  std::vector<Field> fields_;
};

// The innermost one of this thread; nullptr if there is none.
[[nodiscard]] const Context* context();

// As long as it lives, this thread has the context of another one, in the place of its own. That context has
// to outlive it, so the other thread has to wait for this one.
class LentContext {
 public:
  explicit LentContext(const Context* of_another);
  ~LentContext();
  LentContext(const LentContext&) = delete;
  LentContext& operator=(const LentContext&) = delete;

 private:
  const Context* before_;
};

// What a line of this thread has now, the outermost context's first. Of fields with one name the innermost
// counts.
[[nodiscard]] std::vector<Field> fields();

}  // namespace ssync::log
