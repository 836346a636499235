#include "worker/protocol/offer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <vector>

#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/repr.h"
#include "common/python/text.h"
#include "common/python/url.h"
#include "worker/protocol/markers.h"

namespace ssync {
namespace {

void require_ascii(std::string_view line) {
  const auto* const bad = std::find_if(line.begin(), line.end(), [](char c) { return (c & 0x80) != 0; });
  if (bad == line.end()) return;
  std::array<char, 128> message{};
  std::snprintf(message.data(), message.size(),
                "'ascii' codec can't decode byte 0x%02x in position %td: ordinal not in range(128)",
                static_cast<unsigned>(static_cast<unsigned char>(*bad)), bad - line.begin());
  throw ValueError(message.data());
}

ObjectHash parse_hash(std::string_view word) {
  const std::string text = python::unquote(word);
  const auto hash = parse_object_hash(text);
  if (!hash) throw ValueError("Invalid object hash " + python::repr_text(quotable(text)));
  return *hash;
}

// The timestamp in a percent-encoded word. Unlike headers, which are Latin-1, Swift decodes it as UTF-8. That
// affects only the error message, since valid timestamps are ASCII.
Timestamp parse_time(std::string_view word) {
  const std::string text = python::unquote(word);
  const std::string base = text.substr(0, text.find('_'));
  if (std::any_of(base.begin(), base.end(), [](char c) { return (c & 0x80) != 0; })) {
    throw ValueError("could not convert string to float: " + python::repr_text(base));
  }
  return Timestamp::parse(text);
}

// "<delta>[__<offset>]", hexadecimal, from the data's time without its offset.
Timestamp parse_delta(const Timestamp& data, std::string_view value) {
  const std::size_t separator = value.find("__");
  const std::int64_t delta = python::parse_int(value.substr(0, separator), 16);
  const std::string_view offset_text =
      separator == std::string_view::npos ? std::string_view() : value.substr(separator + 2);
  const std::int64_t offset = offset_text.empty() ? 0 : python::parse_int(offset_text, 16);
  if (offset < 0) throw ValueError("offset must be non-negative");
  const Timestamp base = Timestamp::from_raw(data.raw());
  const Timestamp moved = delta == 0 ? base : base.moved_by(delta);
  return Timestamp::from_raw(moved.raw(), static_cast<std::uint64_t>(offset));
}

void parse_item(std::string_view item, Offer& offer) {
  const std::size_t colon = item.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view key = item.substr(0, colon);
  const std::string_view value = item.substr(colon + 1);
  if (value.find(':') != std::string_view::npos) throw ValueError("too many values to unpack (expected 2)");
  if (key == "m") {
    offer.meta = parse_delta(offer.data, value);
  } else if (key == "t") {
    offer.content_type = parse_delta(offer.data, value);
  } else if (key == "durable") {
    offer.durable = python::is_true(value);
  }
}

// "item,item…".
void parse_items(std::string_view items, Offer& offer) {
  while (!items.empty()) {
    const std::size_t comma = std::min(items.find(','), items.size());
    parse_item(items.substr(0, comma), offer);
    items.remove_prefix(std::min(comma + 1, items.size()));
  }
}

// Throws ValueError with the message of Swift's Python code for this dialect.
void check_word_count(std::size_t count, Dialect dialect) {
  if (dialect == Dialect::ssync) {
    if (count < 2) throw ValueError("list index out of range");
    return;
  }
  if (count > 2) throw ValueError("too many values to unpack (expected 2)");
  if (count < 2) {
    throw ValueError("not enough values to unpack (expected 2, got " + std::to_string(count) + ")");
  }
}

// "-" and sixteen digits.
constexpr std::size_t kHexSize = 20;

void append_delta(char name, const Timestamp& time, const Timestamp& data, std::string& text) {
  text.append(1, name).append(1, ':');
  std::array<char, kHexSize> hex{};
  const auto end = std::to_chars(hex.data(), hex.data() + hex.size(), time.raw() - data.raw(), 16);
  text.append(hex.data(), end.ptr);
}

}  // namespace

Offer parse_offer(std::string_view line, Dialect dialect) {
  require_ascii(line);
  const std::vector<std::string_view> words = python::split_words(line, 3);
  check_word_count(words.size(), dialect);
  Offer offer = Offer::of({}, parse_time(words[1]));
  if (words.size() > 2) parse_items(python::unquote(words[2]), offer);
  offer.hash = parse_hash(words[0]);
  return offer;
}

void append_offer(const Offer& offer, std::string& text) {
  append_object_hash(offer.hash, text);
  text.append(1, ' ').append(offer.data.internal());
  bool has_items = false;
  const auto begin_item = [&] {
    text.append(1, has_items ? ',' : ' ');
    has_items = true;
  };
  if (offer.meta != offer.data) {
    begin_item();
    append_delta('m', offer.meta, offer.data, text);
    if (offer.content_type != offer.data) {
      begin_item();
      append_delta('t', offer.content_type, offer.data, text);
    }
  }
  if (!offer.durable) {
    begin_item();
    text.append("durable:False");
  }
  text.append(kLineEnd);
}

}  // namespace ssync
