#include "worker/replicator_report/report_json.h"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <utility>

#include "worker/replicator_report/report_fields.h"

namespace ssync {
namespace {

using nlohmann::json;

// A finite number that is at least 0 and fits into 53 bits, as readers in JavaScript have them.
constexpr double kLargest = 9007199254740991;
// What is nested deeper is no report's, and would only take memory.
constexpr int kDeepest = 6;

template <typename Value>
json object_of(const Value& value);

struct Writer {
  json& object;

  template <typename Value>
  static json written(const Value& value) {
    if constexpr (requires { describe(value, Writer{std::declval<json&>()}); }) {
      return object_of(value);
    } else {
      return value;
    }
  }
  template <typename Value>
  static json written(const std::optional<Value>& value) {
    return value ? written(*value) : json();
  }
  template <typename Value>
  static json written(const std::vector<Value>& values) {
    json list = json::array();
    for (const Value& value : values) list.push_back(written(value));
    return list;
  }

  template <typename Value>
  void operator()(const char* name, const Value& value, std::size_t /*most*/ = 0) const {
    object[name] = written(value);
  }
};

template <typename Value>
json object_of(const Value& value) {
  json object = json::object();
  describe(value, Writer{object});
  return object;
}

struct Reader {
  const json& object;

  static void read(const json& value, std::string& into) {
    if (value.is_string()) into = reported_text(value.get_ref<const std::string&>(), kLongestName);
  }
  static void read(const json& value, bool& into) {
    if (value.is_boolean()) into = value.get<bool>();
  }
  static void read(const json& value, double& into) {
    if (!value.is_number()) return;
    const auto number = value.get<double>();
    if (std::isfinite(number)) into = std::clamp(number, 0.0, kLargest);
  }
  static void read(const json& value, std::int64_t& into) {
    double number = 0;
    read(value, number);
    into = static_cast<std::int64_t>(number);
  }
  template <typename Value>
  static void read(const json& value, std::optional<Value>& into) {
    const bool is_there = std::floating_point<Value> ? value.is_number() : value.is_object();
    if (is_there) read(value, into.emplace());
  }
  template <typename Value>
  static void read(const json& value, Value& into) {
    if (value.is_object()) describe(into, Reader{value});
  }

  template <typename Value>
  void operator()(const char* name, Value& into) const {
    if (const auto found = object.find(name); found != object.end()) read(*found, into);
  }
  template <typename Value>
  void operator()(const char* name, std::vector<Value>& into, std::size_t most) const {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_array()) return;
    for (const json& one : *found) {
      if (into.size() == most) return;
      if (one.is_object()) read(one, into.emplace_back());
    }
  }
};

std::string text_of(const ReplicatorReport& report) {
  return object_of(report).dump(-1, ' ', false, json::error_handler_t::replace);
}

template <typename Value>
void leave_out_half(std::vector<Value>& values, std::int64_t& left_out) {
  const std::size_t kept = values.size() / 2;
  left_out += static_cast<std::int64_t>(values.size() - kept);
  values.resize(kept);
}

template <typename Value>
json list_of(const std::vector<Value>& values) {
  return Writer::written(values);
}

}  // namespace

std::string reported_text(std::string_view text, std::size_t most) {
  std::size_t size = std::min(text.size(), most);
  // Not within a character of UTF-8.
  while (size != 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80) --size;
  std::string cut(text.substr(0, size));
  std::ranges::replace_if(
      cut, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return cut;
}

std::string report_text(ReplicatorReport report) {
  std::string text = text_of(report);
  while (text.size() > kLongestReport && !(report.peers.empty() && report.jobs.empty())) {
    leave_out_half(report.peers, report.peers_left_out);
    leave_out_half(report.jobs, report.jobs_left_out);
    text = text_of(report);
  }
  return text;
}

std::optional<ReplicatorReport> parse_report(std::string_view text) {
  if (text.size() > kLongestReport) return std::nullopt;
  const auto is_shallow = [](int depth, json::parse_event_t, const json&) { return depth <= kDeepest; };
  const json parsed = json::parse(text, is_shallow, false);
  if (!parsed.is_object()) return std::nullopt;
  ReplicatorReport report;
  Reader::read(parsed, report);
  return report;
}

json pass_json(const ReportedPass& pass) { return object_of(pass); }
json last_pass_json(const ReportedLastPass& pass) { return object_of(pass); }
json ring_changes_json(const ReportedRingChanges& changes) { return object_of(changes); }
json limits_json(const ReportedLimits& limits) { return object_of(limits); }
json devices_json(const std::vector<ReportedDevice>& devices) { return list_of(devices); }
json peers_json(const std::vector<ReportedPeer>& peers) { return list_of(peers); }
json jobs_json(const std::vector<ReportedJob>& jobs) { return list_of(jobs); }

}  // namespace ssync
