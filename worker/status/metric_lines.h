// Lines of Prometheus' text format 0.0.4.
#pragma once

#include <string>
#include <string_view>

namespace ssync {

// A label's value in quotes: with what the format wants escaped, and nothing that is not UTF-8.
std::string label_value(std::string_view text);

// Appends the two lines before the values of a metric. type: "gauge", "counter", "histogram".
void begin_metric(std::string& text, std::string_view name, std::string_view type, std::string_view help);

// Appends a gauge that has one value.
void append_gauge(std::string& text, std::string_view name, std::string_view help, double value);

}  // namespace ssync
