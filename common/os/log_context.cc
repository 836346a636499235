#include "common/os/log_context.h"

#include <algorithm>
#include <utility>

namespace ssync::log {
namespace {

thread_local const Context* innermost = nullptr;

}  // namespace

Context::Context(std::vector<Field> fields) : around_(innermost), fields_(std::move(fields)) {
  innermost = this;
}

Context::~Context() { innermost = around_; }

const Context* context() { return innermost; }

LentContext::LentContext(const Context* of_another) : before_(std::exchange(innermost, of_another)) {}

LentContext::~LentContext() { innermost = before_; }

std::vector<Field> fields() {
  std::vector<const Context*> contexts;
  for (const Context* each = innermost; each != nullptr; each = each->around_) contexts.push_back(each);
  std::vector<Field> result;
  std::ranges::reverse(contexts);
  for (const Context* each : contexts) {
    for (const Field& field : each->fields_) {
      std::erase_if(result, [&](const Field& outer) { return outer.name == field.name; });
      result.push_back(field);
    }
  }
  return result;
}

}  // namespace ssync::log
