#include "worker/offer_line.h"

#include <array>
#include <charconv>
#include <tuple>

namespace ssync {
namespace {

// "-" and sixteen digits.
constexpr std::size_t kHexSize = 20;

void append_delta(char name, const Timestamp& time, const Timestamp& data, std::string& text) {
  text.append(1, name).append(1, ':');
  std::array<char, kHexSize> hex{};
  const auto end = std::to_chars(hex.data(), hex.data() + hex.size(), time.raw() - data.raw(), 16);
  text.append(hex.data(), end.ptr);
}

}  // namespace

void append_offer_line(const OfferedObject& object, std::string& text) {
  std::array<char, 2 * std::tuple_size_v<ObjectHash>> hex{};
  write_hex(object.hash, hex.data());
  text.append(hex.data(), hex.size()).append(1, ' ');
  text.append(object.data.internal());
  bool has_items = false;
  const auto begin_item = [&] {
    text.append(1, has_items ? ',' : ' ');
    has_items = true;
  };
  if (object.meta && *object.meta != object.data) {
    begin_item();
    append_delta('m', *object.meta, object.data, text);
    if (object.content_type && *object.content_type != object.data) {
      begin_item();
      append_delta('t', *object.content_type, object.data, text);
    }
  }
  if (!object.durable) {
    begin_item();
    text.append("durable:False");
  }
  text.append("\r\n");
}

}  // namespace ssync
