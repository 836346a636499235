// An exception that carries an HTTP answer.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "worker/http/status.h"

namespace ssync {

// Raised where an answer is decided deep in the handling of a request.
class HttpError : public std::runtime_error {
 public:
  explicit HttpError(HttpAnswer answer)
      : std::runtime_error(answer.body.empty() ? std::to_string(answer.status) : answer.body),
        answer_(std::move(answer)) {}
  [[nodiscard]] const HttpAnswer& answer() const noexcept { return answer_; }

 private:
  HttpAnswer answer_;
};

}  // namespace ssync
