#include "worker/serve/limited_device.h"

#include <utility>
#include <vector>

#include "common/layout/object_name.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/url.h"
#include "worker/http/errors.h"
#include "worker/request/target.h"

namespace ssync {

std::optional<std::string> limited_device(const RequestHead& head) {
  const std::string path = python::unquote(head.uri.substr(0, head.uri.find('?')));
  try {
    std::vector<std::string> names = path_segments(path, 2, 3, Rest::with_last);
    static_cast<void>(python::parse_integer(python::ascii_number(names[1]), 10));
    return std::move(names[0]);
  } catch (const HttpError&) {
    return std::nullopt;
  } catch (const ValueError&) {
    return std::nullopt;
  }
}

}  // namespace ssync
