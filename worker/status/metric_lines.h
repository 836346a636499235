// Lines of Prometheus' text format 0.0.4.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>

namespace ssync {

// A label's value in quotes: with what the format wants escaped, and nothing that is not UTF-8.
std::string label_value(std::string_view text);

// Appends the two lines before the values of a metric. type: "gauge", "counter", "histogram".
void begin_metric(std::string& text, std::string_view name, std::string_view type, std::string_view help);

// Appends one value of a metric that has one label.
template <typename Number>
void append_labeled(std::string& text, std::string_view name, std::string_view label,
                    std::string_view labeled, Number value) {
  text += fmt::format("{}{{{}={}}} {}\n", name, label, label_value(labeled), value);
}

// Appends a gauge that has one value.
void append_gauge(std::string& text, std::string_view name, std::string_view help, double value);

}  // namespace ssync
