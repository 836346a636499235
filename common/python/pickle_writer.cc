#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "common/python/errors.h"
#include "common/python/pickle.h"
#include "common/python/text.h"

namespace ssync::pickle {
namespace {

// CPython's _pickle.c writes the items of a container in batches of this many.
constexpr std::size_t kBatchSize = 1000;
// BINPUT and BINGET carry one byte of memo index; the LONG_ forms carry four.
constexpr std::size_t kShortMemoLimit = 256;

class Writer {
 public:
  std::string write(const Value& value) {
    out_ = "\x80\x02";
    save(value, 0);
    out_ += '.';
    return std::move(out_);
  }

 private:
  void save(const Value& value, std::size_t depth) {
    if (depth > kMaxDepth) throw Error("value nested more than " + std::to_string(kMaxDepth) + " deep");
    std::visit([&](const auto& data) { save_data(data, depth); }, value.data);
  }

  void save_data(None /*none*/, std::size_t /*depth*/) { out_ += 'N'; }

  void save_data(bool value, std::size_t /*depth*/) { out_ += value ? '\x88' : '\x89'; }

  void save_data(std::int64_t value, std::size_t /*depth*/) {
    if (value >= 0 && value <= std::numeric_limits<std::uint8_t>::max()) {
      out_ += 'K';
      append_little_endian(static_cast<std::uint64_t>(value), 1);
    } else if (value >= 0 && value <= std::numeric_limits<std::uint16_t>::max()) {
      out_ += 'M';
      append_little_endian(static_cast<std::uint64_t>(value), 2);
    } else if (value >= std::numeric_limits<std::int32_t>::min() &&
               value <= std::numeric_limits<std::int32_t>::max()) {
      out_ += 'J';
      append_little_endian(static_cast<std::uint64_t>(value), 4);
    } else {
      // LONG1 takes the fewest bytes that still hold the sign bit.
      std::size_t size = sizeof(value);
      while (size > 1 && (value >> (8 * size - 9) == 0 || value >> (8 * size - 9) == -1)) --size;
      out_ += '\x8a';
      out_ += static_cast<char>(size);
      append_little_endian(static_cast<std::uint64_t>(value), size);
    }
  }

  void save_data(double value, std::size_t /*depth*/) {
    out_ += 'G';
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int shift = 56; shift >= 0; shift -= 8) {
      out_ += static_cast<char>(bits >> static_cast<unsigned>(shift));
    }
  }

  void save_data(const Bytes& value, std::size_t /*depth*/) {
    const bool shared = value.data.size() <= 1;
    if (shared && get_if_memoised(bytes_memo_, value.data)) return;
    if (value.data.empty()) {
      save_global("__builtin__\nbytes\n");
      out_ += ")R";
    } else {
      save_global("_codecs\nencode\n");
      save_text(python::latin1_to_utf8(value.data), value.data.size() == 1);
      // In CPython the encoding's name is one object, different from a 'latin1' of the caller.
      if (!get_if_memoised(encoding_memo_, "latin1")) {
        append_text("latin1");
        encoding_memo_.emplace("latin1", put());
      }
      out_ += '\x86';
      put();
      out_ += 'R';
    }
    const std::size_t index = put();
    if (shared) bytes_memo_.emplace(value.data, index);
  }

  void save_data(const Text& value, std::size_t /*depth*/) {
    // CPython has a single object for '' and for each text of one character up to U+00FF.
    const bool latin1_character =
        value.utf8.size() == 1 ||
        (value.utf8.size() == 2 && static_cast<unsigned char>(value.utf8[0]) <= 0xC3);
    save_text(value.utf8, value.utf8.empty() || latin1_character);
  }

  void save_data(const List& value, std::size_t depth) {
    out_ += ']';
    put();
    if (value.size() == 1) {
      save(value.front(), depth + 1);
      out_ += 'a';
      return;
    }
    for (std::size_t begin = 0; begin < value.size(); begin += kBatchSize) {
      const std::size_t end = std::min(begin + kBatchSize, value.size());
      out_ += '(';
      for (std::size_t i = begin; i < end; ++i) save(value[i], depth + 1);
      out_ += 'e';
    }
  }

  void save_data(const Tuple& value, std::size_t depth) {
    const std::vector<Value>& items = value.items;
    if (items.empty()) {
      out_ += ')';
      return;
    }
    constexpr std::string_view kShortTuples = "\x85\x86\x87";
    const bool is_short = items.size() <= kShortTuples.size();
    if (!is_short) out_ += '(';
    for (const Value& item : items) save(item, depth + 1);
    out_ += is_short ? kShortTuples[items.size() - 1] : 't';
    put();
  }

  void save_data(const Dict& value, std::size_t depth) {
    out_ += '}';
    put();
    if (value.empty()) return;
    if (value.size() == 1) {
      save(value.front().first, depth + 1);
      save(value.front().second, depth + 1);
      out_ += 's';
      return;
    }
    // Unlike for a list, a dict's batches continue until one is not full: the last one may be empty.
    for (std::size_t begin = 0; begin <= value.size(); begin += kBatchSize) {
      const std::size_t end = std::min(begin + kBatchSize, value.size());
      out_ += '(';
      for (std::size_t i = begin; i < end; ++i) {
        save(value[i].first, depth + 1);
        save(value[i].second, depth + 1);
      }
      out_ += 'u';
    }
  }

  void save_text(const std::string& utf8, bool shared) {
    if (shared && get_if_memoised(text_memo_, utf8)) return;
    append_text(utf8);
    const std::size_t index = put();
    if (shared) text_memo_.emplace(utf8, index);
  }

  void append_text(std::string_view utf8) {
    if (utf8.size() > std::numeric_limits<std::uint32_t>::max()) throw Error("text too long for protocol 2");
    out_ += 'X';
    append_little_endian(utf8.size(), 4);
    out_ += utf8;
  }

  void save_global(const std::string& module_and_name) {
    if (get_if_memoised(global_memo_, module_and_name)) return;
    out_ += 'c';
    out_ += module_and_name;
    global_memo_.emplace(module_and_name, put());
  }

  // Memoises the value just written and returns its index.
  std::size_t put() {
    if (memo_size_ < kShortMemoLimit) {
      out_ += 'q';
      append_little_endian(memo_size_, 1);
    } else {
      out_ += 'r';
      append_little_endian(memo_size_, 4);
    }
    return memo_size_++;
  }

  using Memo = std::map<std::string, std::size_t, std::less<>>;
  bool get_if_memoised(const Memo& memo, std::string_view key) {
    const auto found = memo.find(key);
    if (found == memo.end()) return false;
    if (found->second < kShortMemoLimit) {
      out_ += 'h';
      append_little_endian(found->second, 1);
    } else {
      out_ += 'j';
      append_little_endian(found->second, 4);
    }
    return true;
  }

  void append_little_endian(std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) out_ += static_cast<char>(value >> (8 * i));
  }

  std::string out_;
  std::size_t memo_size_ = 0;
  Memo global_memo_;
  Memo encoding_memo_;
  Memo text_memo_;
  Memo bytes_memo_;
};

}  // namespace

std::string dump(const Value& value) { return Writer().write(value); }

}  // namespace ssync::pickle
