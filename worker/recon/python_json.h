// JSON as Python's json.dumps() writes it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace ssync {

// Objects keep the order of their keys, as Python's do.
using Json = nlohmann::ordered_json;

// json.dumps(value): ", " and ": " between items, ASCII only, numbers as Python prints them. A byte of a
// string that is not UTF-8 becomes a lone surrogate, as names of files do in Python.
std::string json_text(const Json& value);

// json.loads(text) of what is nested at most 100 deep. Throws std::runtime_error for what is no JSON; NaN and
// the infinities, which Python takes, are none.
Json parse_json(const std::string& text);

}  // namespace ssync
