#include "common/layout/metadata_pickle.h"

#include <cstdint>
#include <string>
#include <utility>

#include "common/python/text.h"

namespace ssync {
namespace {

using namespace std::string_view_literals;

// Reads the pickle from start to end. Memo entries are numbered sequentially, and only those of the function
// and the codec's name are ever used.
class PlainReader {
 public:
  explicit PlainReader(std::string_view pickled) : rest_(pickled) {}

  std::optional<Metadata> read() {
    Metadata metadata;
    if (!skip("\x80\x02}"sv) || !put()) return std::nullopt;
    // A dictionary with one item has no MARK, and an empty one no items: too rare for a special case here.
    if (!skip("("sv)) return std::nullopt;
    while (!skip("u."sv)) {
      std::optional<std::string> name = read_bytes();
      if (!name) return std::nullopt;
      std::optional<std::string> value = read_bytes();
      if (!value || metadata.find(*name) != nullptr) return std::nullopt;
      metadata.append({.name = *std::move(name), .value = *std::move(value)});
    }
    return metadata;
  }

 private:
  bool skip(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  // BINPUT of the next number.
  bool put() {
    if (rest_.size() < 2 || rest_[0] != 'q' || static_cast<std::uint8_t>(rest_[1]) != next_ || next_ > 255) {
      return false;
    }
    ++next_;
    rest_.remove_prefix(2);
    return true;
  }

  // A global or text that is memoised with the next number at first use, and fetched by that number later.
  bool skip_shared(std::string_view expected, int& number) {
    if (number >= 0) {
      if (rest_.size() < 2 || rest_[0] != 'h' || static_cast<std::uint8_t>(rest_[1]) != number) return false;
      rest_.remove_prefix(2);
      return true;
    }
    number = next_;
    return skip(expected) && put();
  }

  std::optional<std::string> read_bytes() {
    if (rest_.starts_with("c__"sv)) return read_empty();
    if (!skip_shared("c_codecs\nencode\n"sv, encode_) || !skip("X"sv)) return std::nullopt;
    const std::optional<std::string_view> text = take_sized();
    if (!text || !put() || !skip_shared("X\x06\0\0\0latin1"sv, latin1_) || !skip("\x86"sv) || !put() ||
        !skip("R"sv) || !put()) {
      return std::nullopt;
    }
    return python::utf8_to_latin1(*text);
  }

  std::optional<std::string> read_empty() {
    if (!skip("c__builtin__\nbytes\n"sv) || !put() || !skip(")R"sv) || !put()) return std::nullopt;
    return std::string();
  }

  std::optional<std::string_view> take_sized() {
    constexpr std::size_t kLengthBytes = 4;
    if (rest_.size() < kLengthBytes) return std::nullopt;
    std::size_t size = 0;
    for (std::size_t i = kLengthBytes; i-- > 0;) size = size << 8U | static_cast<std::uint8_t>(rest_[i]);
    rest_.remove_prefix(kLengthBytes);
    if (size > rest_.size()) return std::nullopt;
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  int next_ = 0;
  int encode_ = -1;
  int latin1_ = -1;
};

}  // namespace

std::optional<Metadata> read_plain_metadata(std::string_view pickled) { return PlainReader(pickled).read(); }

}  // namespace ssync
