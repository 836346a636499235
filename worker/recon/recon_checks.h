// All that can be asked under /recon/.
#pragma once

#include <optional>
#include <string_view>

#include "common/config/configuration.h"
#include "worker/recon/python_json.h"

namespace ssync {

// The content for /recon/<check>[/<type>], nullopt if there is no such check (ReconMiddleware.GET). type is
// nullopt without a second slash. Throws std::exception where Swift's server has no answer either.
std::optional<Json> recon_content(std::string_view check, std::optional<std::string_view> type,
                                  const Configuration& configuration);

}  // namespace ssync
