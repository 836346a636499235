#include "worker/request/reserved_namespace.h"

#include <string_view>

#include "worker/http/errors.h"
#include "worker/http/status.h"

namespace ssync {
namespace {

// swift.common.utils.RESERVED: users cannot create names with it.
constexpr char kReserved = '\0';

void check_internal_name(std::string_view name, std::string_view kind) {
  if (name.find(kReserved) != std::string_view::npos && name.front() != kReserved) {
    throw HttpError(
        HttpAnswer{.status = 400, .body = std::string("Invalid reserved-namespace ").append(kind)});
  }
}

}  // namespace

void check_reserved_namespace(const ObjectName& name, const std::string& auto_create_account_prefix) {
  check_internal_name(name.account, "account");
  check_internal_name(name.container, "container");
  if (name.account.starts_with(auto_create_account_prefix) || name.account == ".misplaced_objects") return;
  check_internal_name(name.object, "object");
  const bool container_reserved = name.container.front() == kReserved;
  const bool object_reserved = name.object.front() == kReserved;
  if (container_reserved == object_reserved) return;
  throw HttpError(HttpAnswer{.status = 400,
                             .body = container_reserved
                                         ? "Invalid user-namespace object in reserved-namespace container"
                                         : "Invalid reserved-namespace object in user-namespace container"});
}

}  // namespace ssync
