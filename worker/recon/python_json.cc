#include "worker/recon/python_json.h"

#include <fmt/core.h>

#include <iterator>
#include <stdexcept>

#include "common/python/number.h"
#include "common/python/utf8.h"

namespace ssync {
namespace {

// Swift's files have three levels. What writes and frees a value goes down as deep as the value does.
constexpr int kMaxDepth = 100;

void append_unit(std::string& out, unsigned unit) {
  fmt::format_to(std::back_inserter(out), "\\u{:04x}", unit);
}

void append_point(std::string& out, char32_t point) {
  constexpr char32_t kBeyondUnits = 0x10000;
  if (point < kBeyondUnits) return append_unit(out, static_cast<unsigned>(point));
  const auto pair = static_cast<unsigned>(point - kBeyondUnits);
  append_unit(out, 0xd800 + (pair >> 10U));
  append_unit(out, 0xdc00 + (pair & 0x3ffU));
}

void append_ascii(std::string& out, char c) {
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  if (const std::size_t at = kShort.find(c); at != std::string_view::npos) {
    out += '\\';
    out += kLetters[at];
  } else if (c >= ' ' && c != '\x7f') {
    out += c;
  } else {
    append_unit(out, static_cast<unsigned char>(c));
  }
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const python::Decoded decoded = python::decode_utf8(text);
    if (decoded.length == 0) {
      append_unit(out, 0xdc00U + static_cast<unsigned char>(text.front()));
    } else if (decoded.length == 1) {
      append_ascii(out, text.front());
    } else {
      append_point(out, decoded.point);
    }
    text.remove_prefix(decoded.length == 0 ? 1 : decoded.length);
  }
  out += '"';
}

void append_value(std::string& out, const Json& value);

void append_object(std::string& out, const Json& value) {
  std::string_view separator;
  out += '{';
  for (const auto& [key, item] : value.items()) {
    out += separator;
    append_string(out, key);
    out += ": ";
    append_value(out, item);
    separator = ", ";
  }
  out += '}';
}

void append_list(std::string& out, const Json& value) {
  std::string_view separator;
  out += '[';
  for (const Json& item : value) {
    out += separator;
    append_value(out, item);
    separator = ", ";
  }
  out += ']';
}

void append_value(std::string& out, const Json& value) {
  if (value.is_object()) return append_object(out, value);
  if (value.is_array()) return append_list(out, value);
  if (value.is_string()) return append_string(out, value.get_ref<const std::string&>());
  if (value.is_number_float()) {
    out += python::float_text(value.get<double>());
    return;
  }
  out += value.dump();
}

}  // namespace

std::string json_text(const Json& value) {
  std::string out;
  append_value(out, value);
  return out;
}

Json parse_json(const std::string& text) {
  const auto check_depth = [](int depth, Json::parse_event_t, const Json&) {
    if (depth > kMaxDepth) throw std::runtime_error("nested too deep");
    return true;
  };
  return Json::parse(text, check_depth);
}

}  // namespace ssync
