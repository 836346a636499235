// Labels of metrics, in the ways in which statsd servers read them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/config/statsd_settings.h"

namespace ssync {

// Values by names; they are sent in the order of the names.
using StatsdLabels = std::map<std::string, std::string>;

// A datagram: `metric`, and `rest`, which is ":VALUE|KIND" with what follows, with the labels where the mode
// has them (swift.common.statsd_client.LABEL_MODES). Nothing is escaped, as in Swift. Without labels for
// `disabled`.
std::string labeled_line(LabelMode mode, std::string_view metric, std::string_view rest,
                         const StatsdLabels& labels);

}  // namespace ssync
