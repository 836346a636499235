#include "common/ring/ring_header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/ring/errors.h"

namespace ssync {
namespace {

using Json = nlohmann::json;

// A device is an object in a list in an object; what its fields hold may be a little deeper.
constexpr int kMaxDepth = 16;
// With kMaxRingJson, what bounds the memory: a device has about 12 values.
constexpr std::size_t kMaxValues = 4'000'000;
constexpr int kMaxPort = 65535;

[[noreturn]] void refuse(const std::string& problem) { throw RingError(problem); }

Json parse(std::string_view text) {
  std::size_t values = 0;
  const auto bounded = [&values](int depth, Json::parse_event_t, const Json&) {
    if (depth > kMaxDepth) refuse("its JSON is nested too deep");
    if (++values > kMaxValues) refuse("its JSON has too many values");
    return true;
  };
  try {
    return Json::parse(text, bounded);
  } catch (const Json::exception&) {
    refuse("its JSON cannot be parsed");
  }
}

const Json* find(const Json& object, const char* name) {
  if (!object.is_object()) refuse("its JSON is not an object");
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::int64_t whole_number(const Json& value, const std::string& name, std::int64_t minimum,
                          std::int64_t maximum) {
  const bool fits = value.is_number_unsigned()
                        ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(maximum)
                        : value.is_number_integer() && value.get<std::int64_t>() <= maximum;
  if (!fits || value.get<std::int64_t>() < minimum) {
    refuse(name + " is not a whole number from " + std::to_string(minimum) + " to " +
           std::to_string(maximum));
  }
  return value.get<std::int64_t>();
}

std::int64_t number_of(const Json& object, const char* name, std::int64_t minimum, std::int64_t maximum) {
  const Json* value = find(object, name);
  if (value == nullptr) refuse(std::string(name) + " is missing");
  return whole_number(*value, name, minimum, maximum);
}

std::int64_t number_or(const Json& object, const char* name, std::int64_t otherwise, std::int64_t minimum,
                       std::int64_t maximum) {
  return find(object, name) == nullptr ? otherwise : number_of(object, name, minimum, maximum);
}

std::string text_of(const Json& value, const std::string& name) {
  if (!value.is_string()) refuse(name + " is not a text");
  return value.get<std::string>();
}

std::string text_of(const Json& object, const char* name) {
  const Json* value = find(object, name);
  if (value == nullptr) refuse(std::string(name) + " is missing");
  return text_of(*value, std::string(name));
}

double weight_of(const Json& device) {
  const Json* weight = find(device, "weight");
  if (weight == nullptr) return 0;
  if (!weight->is_number()) refuse("weight is not a number");
  return weight->get<double>();
}

RingDevice read_device(const Json& json) {
  RingDevice device;
  constexpr std::int64_t kMaxTier = std::int64_t{1} << 53U;
  device.id = static_cast<std::uint32_t>(number_of(json, "id", 0, UINT32_MAX));
  device.region = number_or(json, "region", 1, -kMaxTier, kMaxTier);
  device.zone = number_of(json, "zone", -kMaxTier, kMaxTier);
  device.ip = text_of(json, "ip");
  device.port = static_cast<int>(number_of(json, "port", 0, kMaxPort));
  device.replication_ip =
      find(json, "replication_ip") == nullptr ? device.ip : text_of(json, "replication_ip");
  device.replication_port = static_cast<int>(number_or(json, "replication_port", device.port, 0, kMaxPort));
  device.device = text_of(json, "device");
  device.weight = weight_of(json);
  return device;
}

RingDevices devices_of(const Json& list) {
  if (!list.is_array()) refuse("its devices are not a list");
  RingDevices devices;
  devices.reserve(list.size());
  for (const Json& item : list) {
    if (item.is_null()) {
      devices.emplace_back();
      continue;
    }
    const std::string at = "device " + std::to_string(devices.size()) + ": ";
    try {
      devices.emplace_back(read_device(item));
    } catch (const RingError& error) {
      refuse(at + error.what());
    }
    if (devices.back()->id != devices.size() - 1) refuse(at + "its id is another than its place in the list");
  }
  return devices;
}

// What both formats have.
RingLayout layout_of(const Json& json) {
  RingLayout layout;
  layout.part_shift = static_cast<int>(number_of(json, "part_shift", 0, 32));
  if (const Json* version = find(json, "version")) {
    layout.version = whole_number(*version, "version", INT64_MIN, INT64_MAX);
  }
  if (const Json* power = find(json, "next_part_power")) {
    layout.next_part_power = static_cast<int>(whole_number(*power, "next_part_power", 0, 32));
  }
  return layout;
}

RingByteOrder byte_order_of(const Json& header) {
  if (find(header, "byteorder") == nullptr) {
    return std::endian::native == std::endian::little ? RingByteOrder::little : RingByteOrder::big;
  }
  const std::string name = text_of(header, "byteorder");
  if (name != "little" && name != "big") refuse("byteorder is neither little nor big");
  return name == "little" ? RingByteOrder::little : RingByteOrder::big;
}

// [compressed start, uncompressed start, compressed end, uncompressed end, name of the digest, digest]
RingSection section_of(const Json& entry) {
  constexpr std::array kDigests{"md5", "sha1", "sha256", "sha512"};
  if (!entry.is_array() || entry.size() != 6) refuse("its index is not that of a ring");
  const auto position = [&entry](std::size_t at) {
    return static_cast<std::uint64_t>(whole_number(entry[at], "a position in its index", 0, INT64_MAX));
  };
  RingSection section;
  section.compressed_start = position(0);
  const std::uint64_t start = position(1);
  const std::uint64_t end = position(3);
  if (end < start) refuse("a section in its index ends before it starts");
  section.length = end - start;
  section.digest_name = text_of(entry[4], std::string("a digest's name in its index"));
  if (std::ranges::find(kDigests, section.digest_name) == kDigests.end()) {
    refuse("its index names a digest other than md5, sha1, sha256 and sha512");
  }
  if (!entry[5].is_null()) section.digest = text_of(entry[5], std::string("a digest in its index"));
  return section;
}

}  // namespace

RingLayout read_ring_header(std::string_view json, RingDevices& devices) {
  const Json header = parse(json);
  RingLayout layout = layout_of(header);
  layout.rows = static_cast<int>(number_of(header, "replica_count", 0, kMaxRingRows));
  layout.byte_order = byte_order_of(header);
  const Json* list = find(header, "devs");
  if (list == nullptr) refuse("devs is missing");
  devices = devices_of(*list);
  return layout;
}

RingLayout read_ring_metadata(std::string_view json) {
  const Json metadata = parse(json);
  RingLayout layout = layout_of(metadata);
  layout.dev_id_bytes = static_cast<int>(number_of(metadata, "dev_id_bytes", 2, 4));
  if (layout.dev_id_bytes == 3) refuse("dev_id_bytes is neither 2 nor 4");
  return layout;
}

RingDevices read_ring_devices(std::string_view json) { return devices_of(parse(json)); }

std::map<std::string, RingSection> read_ring_index(std::string_view json) {
  const Json index = parse(json);
  if (!index.is_object()) refuse("its index is not that of a ring");
  std::map<std::string, RingSection> sections;
  for (const auto& [name, entry] : index.items()) sections.emplace(name, section_of(entry));
  return sections;
}

}  // namespace ssync
