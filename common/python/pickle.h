// A reader and writer for the pickles on Swift's disks: plain data only. Nothing is ever called or imported;
// anything but plain data is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/python/errors.h"

namespace ssync::pickle {

struct Value;
struct None {
  friend bool operator==(const None&, const None&) = default;
};
// bytes as they are; text as UTF-8 (surrogates kept as their three bytes, like 'surrogatepass').
struct Bytes {
  std::string data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};
struct Text {
  std::string utf8;
  friend bool operator==(const Text&, const Text&) = default;
};
using List = std::vector<Value>;
struct Tuple {
  List items;
};
// In pickled order; a repeated key keeps its first place and takes the last value, as in Python.
using Dict = std::vector<std::pair<Value, Value>>;

struct Value {
  // Initialised by name: clang 14 finds no default constructor in the recursive type otherwise.
  std::variant<None, bool, std::int64_t, double, Bytes, Text, List, Tuple, Dict> data = None{};
};
bool operator==(const Value& a, const Value& b);
bool operator==(const Tuple& a, const Tuple& b);

// The name of the value's type in Python, as in "NoneType".
std::string_view type_name(const Value& value);

// Python's bool(value): false for None, False, zero and empty values.
bool is_true(const Value& value);

// Limits against hostile input.
inline constexpr std::size_t kMaxDepth = 32;
inline constexpr std::size_t kMaxValues = 4'000'000;

// How to read a str of Python 2: the argument `encoding` of Python 3's pickle.loads. ascii, its default,
// refuses non-ASCII bytes.
enum class Python2Str { bytes, ascii_text };

// Reads a pickle of protocol 0, 1 or 2 (and the framing opcodes of 3 and 4 that carry the same
// plain data); unicode is Text. Accepts None, bool, int and long within int64, float, str, bytes, list,
// tuple, dict and, applied as data, the globals `_codecs encode` (text, 'latin1'), `__builtin__ bytes`,
// `builtins bytes` and those that swift.common.utils.pickle of Swift 2.38 allows
// (copy_reg/copyreg _reconstructor and the HeaderKeyDict class, giving a Dict with the keys as
// they are; `__builtin__`/`builtins` dict where those need it). Trailing bytes after STOP are ignored, as in
// Python. Throws Error (EmptyError for no bytes). Memory used is bounded by a small multiple of
// the input's length.
Value load(std::string_view data, Python2Str python2_str = Python2Str::bytes);

// Writes what pickle.dumps(value, protocol=2) of CPython 3.11 writes, byte for byte, when each
// value is its own object, except that Bytes of length 0 and 1, the empty Text and Texts of one
// character up to U+00FF share one memo entry as CPython's single objects do: Bytes as `_codecs encode` of
// their Latin-1 text, empty Bytes as `__builtin__ bytes`, the global and 'latin1' memoised on first use.
std::string dump(const Value& value);

}  // namespace ssync::pickle
