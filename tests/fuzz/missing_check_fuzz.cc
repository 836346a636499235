// Lines of the missing check, in both dialects, and what is wanted of what they offer.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/python/errors.h"
#include "common/python/hex.h"
#include "tests/fuzz/require.h"
#include "worker/protocol/offer.h"
#include "worker/receiver/missing_parts.h"

namespace ssync {
namespace {

std::optional<Offer> parse_if_valid(std::string_view line, Dialect dialect = Dialect::ssync) {
  try {
    return parse_offer(line, dialect);
  } catch (const ValueError&) {
    return std::nullopt;
  }
}

std::string hex(std::uint64_t value) {
  std::string digits;
  for (; value != 0; value >>= 4U) digits.insert(digits.begin(), "0123456789abcdef"[value & 0xFU]);
  return digits.empty() ? "0" : digits;
}

// "m:<delta>__<offset>", unless the time is that of the data, which needs no item.
void append_item(std::string& items, char key, const Timestamp& time, const Timestamp& data) {
  if (time == data) return;
  const bool earlier = time.raw() < data.raw();
  const std::int64_t distance = earlier ? data.raw() - time.raw() : time.raw() - data.raw();
  if (!items.empty()) items += ',';
  items += key;
  items += earlier ? ":-" : ":";
  items += hex(static_cast<std::uint64_t>(distance));
  if (time.offset() != 0) items += "__" + hex(time.offset());
}

// The line as a sender writes it (ssync_sender.encode_missing).
std::string line_of(const Offer& offer) {
  std::string items;
  append_item(items, 'm', offer.meta, offer.data);
  append_item(items, 't', offer.content_type, offer.data);
  if (!offer.durable) items += items.empty() ? "durable:False" : ",durable:False";
  return python::to_hex(offer.hash) + " " + offer.data.internal() + (items.empty() ? "" : " " + items);
}

void check_offer(const Offer& offer) {
  const Offer again = parse_offer(line_of(offer));
  require(again.hash == offer.hash && again.data == offer.data && again.meta == offer.meta &&
              again.content_type == offer.content_type && again.durable == offer.durable,
          "an offer written as a sender writes it is the same offer");
  // Our sender tells no offsets of metadata and content type, and a content type's time only with that of
  // metadata.
  std::string line;
  append_offer(offer, line);
  const Offer ours = parse_offer(line);
  require(ours.hash == offer.hash && ours.data == offer.data && ours.meta.raw() == offer.meta.raw() &&
              ours.durable == offer.durable,
          "an offer written by our sender is the same offer");
}

void check_wanted(const Offer& offer, const Offer& other) {
  require(missing_parts(offer, {}) == WantedParts{true, true} &&
              missing_parts(offer, {}, Dialect::replication_2013) == WantedParts{true, false},
          "what is not here is wanted");
  const LocalObject same{offer.data, offer.meta, offer.content_type};
  require(!missing_parts(offer, same).any(), "what is here already is not wanted");
  const LocalObject here{other.data, other.meta, other.content_type};
  const bool data = missing_parts(offer, here).data;
  require(data == (offer.data > other.data), "newer data is wanted, and no other");
}

}  // namespace
}  // namespace ssync

// Input: a line, and perhaps after a newline another, for what is here.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssync;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\n');
  const std::string_view line = input.substr(0, end);
  const auto offer = parse_if_valid(line);
  if (const auto offer_2013 = parse_if_valid(line, Dialect::replication_2013)) {
    require(offer && offer->data == offer_2013->data && offer->hash == offer_2013->hash,
            "a line of 2013 is one of today");
  }
  if (!offer) return 0;
  check_offer(*offer);
  const auto other = end == std::string_view::npos ? std::nullopt : parse_if_valid(input.substr(end + 1));
  check_wanted(*offer, other.value_or(*offer));
  return 0;
}
