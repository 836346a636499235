#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "common/python/errors.h"
#include "common/python/hex.h"
#include "common/python/number.h"
#include "common/python/pickle.h"
#include "common/python/repr.h"
#include "common/python/text.h"
#include "common/python/utf8.h"

namespace ssync::pickle {
namespace {

// The kinds of stack values while a pickle is read. Values refer to each other by index into an arena,
// because a pickle may fill a list after using it elsewhere, and may refer to one value many times.
using NodeId = std::uint32_t;
enum class Kind : std::uint8_t {
  none,
  boolean,
  integer,
  real,
  bytes,
  text,
  // Bytes made by `_codecs encode` of the text in children[0]. Evaluated lazily, so that a pickle that
  // encodes one long text repeatedly takes no memory before the values are counted.
  encoded_text,
  list,
  tuple,
  dict,
  // The globals.
  codecs_encode,
  bytes_type,
  dict_type,
  header_key_dict_type,
  reconstructor,
};
// Items of a container; for a dict keys and values in turn.
using Children = std::vector<NodeId>;
struct Node {
  Kind kind;
  std::variant<std::monostate, std::int64_t, double, std::string, Children> payload;
};

struct AllowedGlobal {
  std::string_view module;
  std::string_view name;
  Kind kind;
};
constexpr auto kAllowedGlobals = std::to_array<AllowedGlobal>({
    {"_codecs", "encode", Kind::codecs_encode},
    {"__builtin__", "bytes", Kind::bytes_type},
    {"builtins", "bytes", Kind::bytes_type},
    {"__builtin__", "dict", Kind::dict_type},
    {"builtins", "dict", Kind::dict_type},
    {"copy_reg", "_reconstructor", Kind::reconstructor},
    {"copyreg", "_reconstructor", Kind::reconstructor},
    {"swift.common.header_key_dict", "HeaderKeyDict", Kind::header_key_dict_type},
});

// A value may be used many times through the memo, and is then copied. A plain pickle has less than one value
// and one byte of text per input byte; more than these multiples is an attempt to exhaust memory.
constexpr std::size_t kCopiesOfValues = 4;
constexpr std::size_t kFreeValues = 1024;
constexpr std::size_t kCopiesOfText = 16;
constexpr std::size_t kFreeText = std::size_t{1} << 20U;

constexpr int kHighestProtocol = 5;

// True for UTF-8 that may contain surrogates, as three bytes each.
bool is_utf8_with_surrogates(std::string_view text) {
  constexpr std::size_t kSurrogateLength = 3;
  std::size_t begin = 0;
  for (std::size_t i = text.find('\xED'); i != std::string_view::npos; i = text.find('\xED', i)) {
    const auto byte = [&](std::size_t offset) {
      return i + offset < text.size() ? static_cast<unsigned char>(text[i + offset]) : 0U;
    };
    if (byte(1) < 0xA0 || byte(1) > 0xBF || byte(2) < 0x80 || byte(2) > 0xBF) {
      ++i;
      continue;
    }
    if (!python::is_utf8(text.substr(begin, i - begin))) return false;
    i += kSurrogateLength;
    begin = i;
  }
  return python::is_utf8(text.substr(begin));
}

// The value of count hexadecimal digits at position begin, or nullopt.
std::optional<std::uint32_t> read_hex(std::string_view text, std::size_t begin, std::size_t count) {
  if (text.size() < begin || text.size() - begin < count) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(begin, count)) {
    const int digit = python::hex_value(c);
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return value;
}

// The 'raw-unicode-escape' codec: only \uXXXX and \UXXXXXXXX are escapes, everything else is Latin-1.
std::string decode_raw_unicode_escape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      python::append_utf8(out, static_cast<unsigned char>(text[i]));
      continue;
    }
    const char escape = text[++i];
    if (escape != 'u' && escape != 'U') {
      out += '\\';
      python::append_utf8(out, static_cast<unsigned char>(escape));
      continue;
    }
    const std::size_t digits = escape == 'u' ? 4 : 8;
    constexpr std::uint32_t kLastCodePoint = 0x10FFFF;
    const auto point = read_hex(text, i + 1, digits);
    if (!point || *point > kLastCodePoint) throw Error("malformed escape in a UNICODE opcode");
    python::append_utf8(out, *point);
    i += digits;
  }
  return out;
}

// The escapes of a Python bytes literal.
std::string decode_bytes_escape(std::string_view text) {
  constexpr std::string_view kLetters = "\\'\"abfnrtv";
  constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size()) throw Error("trailing backslash in a STRING opcode");
    const std::size_t letter = kLetters.find(text[i]);
    if (letter != std::string_view::npos) {
      out += kMeanings[letter];
    } else if (text[i] == 'x') {
      const auto value = read_hex(text, i + 1, 2);
      if (!value) throw Error("malformed \\x escape in a STRING opcode");
      out += static_cast<char>(*value);
      i += 2;
    } else if (text[i] >= '0' && text[i] <= '7') {
      unsigned value = 0;
      const std::size_t end = std::min(i + 3, text.size());
      for (; i < end && text[i] >= '0' && text[i] <= '7'; ++i) {
        value = value * 8 + static_cast<unsigned>(text[i] - '0');
      }
      out += static_cast<char>(value);
      --i;
    } else {
      out += '\\';
      out += text[i];
    }
  }
  return out;
}

// Equal for keys that are equal in Python, where True == 1 == 1.0.
void append_canonical_key(std::string& out, const Value& key) {
  const auto append_sized = [&](char kind, std::string_view data) {
    out += kind;
    out += std::to_string(data.size());
    out += ':';
    out += data;
  };
  if (std::holds_alternative<None>(key.data)) {
    out += 'N';
  } else if (const auto* boolean = std::get_if<bool>(&key.data)) {
    append_sized('i', *boolean ? "1" : "0");
  } else if (const auto* integer = std::get_if<std::int64_t>(&key.data)) {
    append_sized('i', std::to_string(*integer));
  } else if (const auto* real = std::get_if<double>(&key.data)) {
    constexpr double kInt64Limit = 0x1p63;
    if (*real >= -kInt64Limit && *real < kInt64Limit && std::trunc(*real) == *real) {
      append_sized('i', std::to_string(static_cast<std::int64_t>(*real)));
    } else {
      append_sized('f', std::to_string(std::bit_cast<std::uint64_t>(*real)));
    }
  } else if (const auto* bytes = std::get_if<Bytes>(&key.data)) {
    append_sized('b', bytes->data);
  } else if (const auto* text = std::get_if<Text>(&key.data)) {
    append_sized('t', text->utf8);
  } else if (const auto* tuple = std::get_if<Tuple>(&key.data)) {
    out += '(';
    for (const Value& item : tuple->items) append_canonical_key(out, item);
    out += ')';
  } else {
    throw Error("unhashable key of a dict");
  }
}

// The memo of PUT and GET. Pickles number entries from 0, so nearly all are in a vector; other numbers are
// allowed too.
class Memo {
 public:
  void put(std::uint64_t index, NodeId id) {
    if (index < dense_.size()) {
      dense_[index] = id;
    } else if (index == dense_.size()) {
      dense_.push_back(id);
      sparse_.erase(index);
    } else {
      sparse_[index] = id;
    }
  }
  [[nodiscard]] std::optional<NodeId> get(std::uint64_t index) const {
    if (index < dense_.size()) return dense_[index];
    const auto found = sparse_.find(index);
    return found == sparse_.end() ? std::nullopt : std::optional(found->second);
  }
  // The number of entries, which is the index that MEMOIZE uses.
  [[nodiscard]] std::uint64_t size() const { return dense_.size() + sparse_.size(); }

 private:
  std::vector<NodeId> dense_;
  std::map<std::uint64_t, NodeId> sparse_;  // beyond the end of dense_
};

class Reader {
 public:
  Reader(std::string_view input, Python2Str python2_str)
      : input_(input),
        python2_str_(python2_str),
        values_left_(std::min(kMaxValues, input.size() * kCopiesOfValues + kFreeValues)),
        text_left_(input.size() * kCopiesOfText + kFreeText) {}

  Value read() {
    while (true) {
      if (position_ == input_.size()) {
        // EOFError in Python, unlike an end inside an opcode.
        throw EmptyError("Ran out of input");
      }
      const auto opcode = static_cast<unsigned char>(take(1).front());
      if (opcode == '.') {
        const NodeId result = pop();
        charge_values(1);
        return make_value(result, 0);
      }
      execute(opcode);
    }
  }

 private:
  void execute(unsigned char opcode) {
    switch (opcode) {
      case 0x80:  // PROTO
        if (take_integer(1) > kHighestProtocol) throw Error("unsupported pickle protocol");
        break;
      case 0x95:  // FRAME: only a hint for reading ahead
        if (take_integer(8) > input_.size() - position_) throw Error("pickle data was truncated");
        break;

      case 'N':
        push(Kind::none, {});
        break;
      case 0x88:  // NEWTRUE
      case 0x89:  // NEWFALSE
        push(Kind::boolean, std::int64_t{opcode == 0x88});
        break;
      case 'I':
        push_int_line();
        break;
      case 'J':  // BININT, the only signed one of fixed size
        push_int(static_cast<std::int32_t>(take_integer(4)));
        break;
      case 'K':
        push_int(static_cast<std::int64_t>(take_integer(1)));
        break;
      case 'M':
        push_int(static_cast<std::int64_t>(take_integer(2)));
        break;
      case 'L': {
        std::string_view digits = take_line();
        if (digits.ends_with('L')) digits.remove_suffix(1);
        push_int(parse_int(digits));
        break;
      }
      case 0x8a:  // LONG1
        push_int(take_long(take_size(1)));
        break;
      case 0x8b:  // LONG4
        push_int(take_long(take_size(4)));
        break;
      case 'F':
        push(Kind::real, parse_float(take_line()));
        break;
      case 'G': {
        std::uint64_t bits = 0;
        for (const char c : take(8)) bits = bits << 8U | static_cast<unsigned char>(c);
        push(Kind::real, std::bit_cast<double>(bits));
        break;
      }

      case 'S': {
        const std::string_view line = take_line();
        if (line.size() < 2 || line.front() != line.back() || (line.front() != '\'' && line.front() != '"')) {
          throw Error("the argument of a STRING opcode must be quoted");
        }
        push_python2_str(decode_bytes_escape(line.substr(1, line.size() - 2)));
        break;
      }
      case 'T':  // BINSTRING
      case 'U':  // SHORT_BINSTRING
        push_python2_str(std::string(take(take_size(opcode == 'T' ? 4 : 1))));
        break;
      case 'B':   // BINBYTES
      case 'C':   // SHORT_BINBYTES
      case 0x8e:  // BINBYTES8
        push_bytes(std::string(take(take_size(opcode == 0x8e ? 8 : opcode == 'B' ? 4 : 1))));
        break;
      case 'V':
        push_text(decode_raw_unicode_escape(take_line()));
        break;
      case 'X':   // BINUNICODE
      case 0x8c:  // SHORT_BINUNICODE
      case 0x8d:  // BINUNICODE8
        push_text(std::string(take(take_size(opcode == 0x8d ? 8 : opcode == 'X' ? 4 : 1))));
        break;

      case '}':
        push(Kind::dict, Children{});
        break;
      case ']':
        push(Kind::list, Children{});
        break;
      case ')':
        push(Kind::tuple, Children{});
        break;
      case 'd': {
        Children items = pop_to_mark();
        require_pairs(items, "DICT");
        push(Kind::dict, std::move(items));
        break;
      }
      case 'l':
        push(Kind::list, pop_to_mark());
        break;
      case 't':
        push(Kind::tuple, pop_to_mark());
        break;
      case 0x85:  // TUPLE1
      case 0x86:  // TUPLE2
      case 0x87:  // TUPLE3
        push(Kind::tuple, pop_many(opcode - 0x84U));
        break;
      case 's': {
        const Children items = pop_many(2);
        extend(Kind::dict, items, "SETITEM");
        break;
      }
      case 'u': {
        const Children items = pop_to_mark();
        require_pairs(items, "SETITEMS");
        extend(Kind::dict, items, "SETITEMS");
        break;
      }
      case 'a': {
        const Children items = pop_many(1);
        extend(Kind::list, items, "APPEND");
        break;
      }
      case 'e': {
        const Children items = pop_to_mark();
        extend(Kind::list, items, "APPENDS");
        break;
      }

      case '(':
        marks_.push_back(stack_.size());
        break;
      case '0':  // POP, which may also remove a mark
        if (!marks_.empty() && marks_.back() == stack_.size()) {
          marks_.pop_back();
        } else {
          pop();
        }
        break;
      case '1':  // POP_MARK
        pop_to_mark();
        break;
      case '2':  // DUP
        stack_.push_back(top());
        break;

      case 'p': {
        const std::int64_t index = parse_int(take_line());
        if (index < 0) throw Error("negative PUT argument");
        put(static_cast<std::uint64_t>(index));
        break;
      }
      case 'q':
        put(take_integer(1));
        break;
      case 'r':
        put(take_integer(4));
        break;
      case 0x94:  // MEMOIZE
        put(memo_.size());
        break;
      case 'g':
        get(static_cast<std::uint64_t>(parse_int(take_line())));
        break;
      case 'h':
        get(take_integer(1));
        break;
      case 'j':
        get(take_integer(4));
        break;

      case 'c': {
        const std::string_view module = take_line();
        push_global(module, take_line());
        break;
      }
      case 0x93: {  // STACK_GLOBAL
        const NodeId name = pop();
        const NodeId module = pop();
        if (arena_[name].kind != Kind::text || arena_[module].kind != Kind::text) {
          throw Error("STACK_GLOBAL requires str");
        }
        push_global(text_of(module), text_of(name));
        break;
      }
      case 'R':
        reduce();
        break;
      case 0x81:  // NEWOBJ
        new_object();
        break;

      default:
        refuse(opcode);
    }
  }

  // An unknown opcode is refused with Python's message, a known but unsupported one with our own.
  [[noreturn]] static void refuse(unsigned char opcode) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const std::string escaped{kHex[opcode >> 4U], kHex[opcode & 0xFU]};
    constexpr std::string_view kOpcodesNotRead = "PQbio\x82\x83\x84\x8f\x90\x91\x92\x96\x97\x98";
    if (kOpcodesNotRead.find(static_cast<char>(opcode)) != std::string_view::npos) {
      throw Error("opcode 0x" + escaped + " is forbidden");
    }
    const bool shown = opcode >= 0x20 && opcode <= 0x7E && opcode != '\'' && opcode != '\\';
    throw Error("invalid load key, '" +
                (shown ? std::string(1, static_cast<char>(opcode)) : "\\x" + escaped) + "'.");
  }

  std::string_view take(std::size_t size) {
    if (size > input_.size() - position_) throw Error("pickle data was truncated");
    const std::string_view taken = input_.substr(position_, size);
    position_ += size;
    return taken;
  }

  std::string_view take_line() {
    const std::size_t end = input_.find('\n', position_);
    if (end == std::string_view::npos) throw Error("pickle data was truncated");
    const std::string_view line = input_.substr(position_, end - position_);
    position_ = end + 1;
    return line;
  }

  std::uint64_t take_integer(std::size_t size) {
    std::uint64_t value = 0;
    const std::string_view bytes = take(size);
    for (std::size_t i = 0; i < size; ++i) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return value;
  }

  std::size_t take_size(std::size_t width) { return take_integer(width); }

  // A little-endian two's complement number, possibly with redundant bytes.
  std::int64_t take_long(std::size_t size) {
    const std::string_view bytes = take(size);
    if (bytes.empty()) return 0;
    const bool negative = (static_cast<unsigned char>(bytes.back()) & 0x80U) != 0;
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    constexpr std::size_t kWidth = sizeof(value);
    for (std::size_t i = 0; i < size && i < kWidth; ++i) {
      const auto byte = static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i]));
      value = (value & ~(std::uint64_t{0xFF} << (8 * i))) | byte << (8 * i);
    }
    const char padding = negative ? '\xFF' : '\0';
    const bool padded = size <= kWidth || bytes.find_first_not_of(padding, kWidth) == std::string_view::npos;
    const auto result = static_cast<std::int64_t>(value);
    if (!padded || (result < 0) != negative) throw Error("integer outside 64 bits");
    return result;
  }

  // Python writes decimal digits without leading zeros. Other forms depend on the opcode: INT reads "010" as
  // 8.
  static std::int64_t parse_int(std::string_view text) {
    const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
    const bool is_plain = !digits.empty() && (digits.size() == 1 || digits.front() != '0') &&
                          digits.find_first_not_of("0123456789") == std::string_view::npos;
    try {
      if (is_plain) return python::parse_int(text, 10);
    } catch (const ValueError& error) {
      throw Error(error.what());
    }
    throw Error("not an integer as Python writes it: " + python::repr_text(shown(text)));
  }

  // Python writes repr() of the number. Unlike float(), it accepts no white space, underscores or numbers
  // that are too large.
  static double parse_float(std::string_view text) {
    const bool is_plain = text.find_first_not_of("+-.0123456789aefin") == std::string_view::npos;
    const bool has_digits = text.find_first_of("0123456789") != std::string_view::npos;
    try {
      const double value = is_plain ? python::parse_float(text) : 0;
      if (is_plain && !(has_digits && std::isinf(value))) return value;
    } catch (const ValueError& error) {
      throw Error(error.what());
    }
    throw Error("not a float as Python writes it: " + python::repr_text(shown(text)));
  }

  // The part of the input to quote in an error.
  static std::string_view shown(std::string_view text) {
    constexpr std::size_t kShown = 100;
    return text.substr(0, kShown);
  }

  void push(Kind kind, decltype(Node::payload) payload) {
    // Every node comes from its own opcode, so the input's length limits the arena too.
    if (arena_.size() >= kMaxValues) throw Error("more than " + std::to_string(kMaxValues) + " values");
    stack_.push_back(static_cast<NodeId>(arena_.size()));
    arena_.push_back({kind, std::move(payload)});
  }

  void push_int(std::int64_t value) { push(Kind::integer, value); }

  // Protocols 0 and 1 have no opcodes for True and False.
  void push_int_line() {
    const std::string_view line = take_line();
    if (line == "00" || line == "01") {
      push(Kind::boolean, std::int64_t{line == "01"});
    } else {
      push_int(parse_int(line));
    }
  }

  void push_bytes(std::string data) { push(Kind::bytes, std::move(data)); }

  void push_python2_str(std::string data) {
    if (python2_str_ == Python2Str::bytes) {
      push_bytes(std::move(data));
      return;
    }
    if (std::any_of(data.begin(), data.end(), [](char c) { return static_cast<unsigned char>(c) > 0x7F; })) {
      throw Error("a str of Python 2 that is not ASCII");
    }
    push(Kind::text, std::move(data));
  }

  void push_text(std::string utf8) {
    if (!is_utf8_with_surrogates(utf8)) throw Error("text that is not UTF-8");
    push(Kind::text, std::move(utf8));
  }

  void push_global(std::string_view module, std::string_view name) {
    const auto* const allowed =
        std::find_if(kAllowedGlobals.begin(), kAllowedGlobals.end(),
                     [&](const AllowedGlobal& g) { return g.module == module && g.name == name; });
    if (allowed == kAllowedGlobals.end()) {
      throw Error("global " + python::repr_text(shown(module)) + "." + python::repr_text(shown(name)) +
                  " is forbidden");
    }
    push(allowed->kind, {});
  }

  // Opcodes that do not pop a mark must not access the stack below it.
  [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  [[nodiscard]] NodeId top() const {
    if (stack_.size() <= floor()) throw Error("stack underflow");
    return stack_.back();
  }

  NodeId pop() {
    const NodeId id = top();
    stack_.pop_back();
    return id;
  }

  Children pop_from(std::size_t begin) {
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(begin);
    Children items(first, stack_.end());
    stack_.erase(first, stack_.end());
    return items;
  }

  Children pop_many(std::size_t count) {
    if (stack_.size() - floor() < count) throw Error("stack underflow");
    return pop_from(stack_.size() - count);
  }

  Children pop_to_mark() {
    if (marks_.empty()) throw Error("could not find MARK");
    const std::size_t mark = marks_.back();
    marks_.pop_back();
    return pop_from(mark);
  }

  static void require_pairs(const Children& items, const char* opcode) {
    if (items.size() % 2 != 0) throw Error(std::string("odd number of items for ") + opcode);
  }

  void extend(Kind kind, const Children& items, const char* opcode) {
    Node& container = arena_[top()];
    if (container.kind != kind) throw Error(std::string(opcode) + " on a value of the wrong type");
    auto& children = std::get<Children>(container.payload);
    children.insert(children.end(), items.begin(), items.end());
  }

  void put(std::uint64_t index) { memo_.put(index, top()); }

  void get(std::uint64_t index) {
    const std::optional<NodeId> found = memo_.get(index);
    if (!found) throw Error("memo value not found at index " + std::to_string(index));
    stack_.push_back(*found);
  }

  Children pop_arguments() {
    const NodeId id = pop();
    if (arena_[id].kind != Kind::tuple) throw Error("arguments that are not a tuple");
    // Only short argument lists are accepted, so a long one is not copied.
    constexpr std::size_t kMostArguments = 3;
    const Children& arguments = children_of(arena_[id]);
    if (arguments.size() > kMostArguments) throw Error("too many arguments");
    return arguments;
  }

  [[nodiscard]] bool is(const Children& arguments, std::initializer_list<Kind> kinds) const {
    return std::equal(arguments.begin(), arguments.end(), kinds.begin(), kinds.end(),
                      [&](NodeId id, Kind kind) { return arena_[id].kind == kind; });
  }

  // Calls the allowed globals with the arguments that Python writes for plain data.
  void reduce() {
    const Children arguments = pop_arguments();
    switch (arena_[pop()].kind) {
      case Kind::codecs_encode:
        if (is(arguments, {Kind::text, Kind::text}) && text_of(arguments[1]) == "latin1") {
          push(Kind::encoded_text, Children{arguments[0]});
          return;
        }
        break;
      case Kind::bytes_type:
        if (arguments.empty()) {
          push_bytes({});
          return;
        }
        break;
      case Kind::dict_type:
      case Kind::header_key_dict_type:
        if (arguments.empty()) {
          push(Kind::dict, Children{});
          return;
        }
        break;
      case Kind::reconstructor:
        if (is(arguments, {Kind::header_key_dict_type, Kind::dict_type, Kind::dict})) {
          // Python copies the dict here. In pickles written by Python nothing else refers to it, so no copy
          // is needed, and a hostile pickle cannot cause many copies.
          stack_.push_back(arguments[2]);
          return;
        }
        break;
      default:
        throw Error("REDUCE of a value that is not a function");
    }
    throw Error("REDUCE with arguments that are not plain data");
  }

  void new_object() {
    const Children arguments = pop_arguments();
    if (arena_[pop()].kind != Kind::header_key_dict_type || !arguments.empty()) {
      throw Error("NEWOBJ of a class other than HeaderKeyDict");
    }
    push(Kind::dict, Children{});
  }

  // To be called before memory is allocated for these values.
  void charge_values(std::size_t count) {
    if (count > values_left_) throw Error("too many values for a pickle of this length");
    values_left_ -= count;
  }

  // Makes a value that has been charged. The depth limit also stops the recursion of a value that contains
  // itself.
  Value make_value(NodeId id, std::size_t depth) {
    if (depth > kMaxDepth) throw Error("values nested more than " + std::to_string(kMaxDepth) + " deep");
    const Node& node = arena_[id];
    switch (node.kind) {
      case Kind::none:
        return {None{}};
      case Kind::boolean:
        return {std::get<std::int64_t>(node.payload) != 0};
      case Kind::integer:
        return {std::get<std::int64_t>(node.payload)};
      case Kind::real:
        return {std::get<double>(node.payload)};
      case Kind::bytes:
        return {Bytes{charged_text(id)}};
      case Kind::text:
        return {Text{charged_text(id)}};
      case Kind::encoded_text: {
        std::optional<std::string> latin1 = python::utf8_to_latin1(charged_text(children_of(node).front()));
        if (!latin1) throw Error("text outside Latin-1 encoded as latin1");
        return {Bytes{*std::move(latin1)}};
      }
      case Kind::list:
        return {make_values(children_of(node), depth)};
      case Kind::tuple:
        return {Tuple{make_values(children_of(node), depth)}};
      case Kind::dict:
        return {make_dict(children_of(node), depth)};
      default:
        throw Error("a function or class as a value");
    }
  }

  List make_values(const Children& children, std::size_t depth) {
    charge_values(children.size());
    List items;
    items.reserve(children.size());
    for (const NodeId child : children) items.push_back(make_value(child, depth + 1));
    return items;
  }

  Dict make_dict(const Children& children, std::size_t depth) {
    charge_values(children.size());
    Dict dict;
    dict.reserve(children.size() / 2);
    std::map<std::string, std::size_t> places;
    for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
      Value key = make_value(children[i], depth + 1);
      Value value = make_value(children[i + 1], depth + 1);
      std::string canonical;
      append_canonical_key(canonical, key);
      const auto [place, inserted] = places.emplace(std::move(canonical), dict.size());
      if (inserted) {
        dict.emplace_back(std::move(key), std::move(value));
      } else {
        dict[place->second].second = std::move(value);
      }
    }
    return dict;
  }

  const std::string& charged_text(NodeId id) {
    const std::string& text = text_of(id);
    if (text.size() > text_left_) throw Error("too much text for a pickle of this length");
    text_left_ -= text.size();
    return text;
  }

  [[nodiscard]] const std::string& text_of(NodeId id) const {
    return std::get<std::string>(arena_[id].payload);
  }

  static const Children& children_of(const Node& node) { return std::get<Children>(node.payload); }

  std::string_view input_;
  Python2Str python2_str_;
  std::size_t position_ = 0;
  std::size_t values_left_;
  std::size_t text_left_;
  std::vector<Node> arena_;
  std::vector<NodeId> stack_;
  std::vector<std::size_t> marks_;
  Memo memo_;
};

}  // namespace

Value load(std::string_view data, Python2Str python2_str) {
  if (data.empty()) throw EmptyError("Ran out of input");
  return Reader(data, python2_str).read();
}

}  // namespace ssync::pickle
