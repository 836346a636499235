#include "worker/object/object_headers.h"

#include <algorithm>
#include <string_view>

#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/repr.h"
#include "common/python/text.h"
#include "worker/http/date.h"

namespace ssync {
namespace {

constexpr std::int64_t kRawPerSecond = 100'000;

// Metadata is stored as UTF-8, of the bytes on the wire read as Latin-1. Throws ValueError.
std::string wire_text(std::string_view stored) {
  auto text = python::utf8_to_latin1(stored);
  if (!text) throw ValueError("metadata not valid in an HTTP header: " + python::repr_text(stored));
  return *std::move(text);
}

std::string required_text(const Metadata& metadata, const char* name) {
  const std::string* value = metadata.find(name);
  if (value == nullptr) throw ValueError(python::repr_text(name));
  return wire_text(*value);
}

std::vector<std::string> lower_names(std::string_view csv) {
  std::vector<std::string> names;
  for (const std::string_view name : python::list_from_csv(csv, python::strip)) {
    names.push_back(python::lower_ascii(name));
  }
  return names;
}

bool goes_out(const std::string& name, const std::vector<std::string>& allowed_headers) {
  return is_user_metadata(name) || is_system_metadata(name) || is_transient_system_metadata(name) ||
         std::find(allowed_headers.begin(), allowed_headers.end(), python::lower_latin1(name)) !=
             allowed_headers.end();
}

// Names that differ only in case are the same header; the last one wins.
const Metadata::Item* last_named(const Metadata& metadata, const std::string& lower_name) {
  const Metadata::Item* found = nullptr;
  for (const Metadata::Item& item : metadata.items()) {
    if (python::lower_ascii(item.name) == lower_name) found = &item;
  }
  return found;
}

std::optional<Timestamp> durable_timestamp(const DiskFile& file) {
  const ObjectFiles& files = *file.files();
  return files.data && files.data->fragment_index ? files.durable_timestamp : file.data_timestamp();
}

}  // namespace

std::optional<std::string> fragments_header(const ObjectFiles& files) {
  if (files.fragments.empty()) return std::nullopt;
  std::string sets;
  for (const auto& [timestamp, files_of_it] : files.fragments) {
    std::string set = "\"" + timestamp.internal() + "\": [";
    for (const ObjectFile& file : files_of_it) {
      if (&file != &files_of_it.front()) set += ", ";
      set += std::to_string(file.fragment_index.value_or(0));
    }
    set += sets.empty() ? "]" : "], ";
    sets.insert(0, set);
  }
  return "{" + sets + "}";
}

ResponseHeaders object_headers(const DiskFile& file, const std::vector<std::string>& allowed_headers) {
  const Metadata& metadata = file.metadata();
  const Timestamp timestamp = file.timestamp();
  ResponseHeaders headers;
  headers.set("Content-Type", "application/octet-stream");
  for (const Metadata::Item& item : metadata.items()) {
    // All names are converted, because Swift fails for any invalid one.
    const std::string name = wire_text(item.name);
    if (name == "Content-Type" || goes_out(name, allowed_headers)) headers.set(name, wire_text(item.value));
  }
  headers.set("Etag", "\"" + required_text(metadata, "ETag") + "\"");
  headers.set("Last-Modified", format_http_date(last_modified(timestamp)));
  headers.set("Content-Length",
              std::to_string(python::parse_int(required_text(metadata, "Content-Length"), 10)));
  headers.set("X-Timestamp", timestamp.normal());
  headers.set("X-Backend-Timestamp", timestamp.internal());
  headers.set("X-Backend-Data-Timestamp", file.data_timestamp().internal());
  if (const auto durable = durable_timestamp(file); durable && durable->is_set()) {
    headers.set("X-Backend-Durable-Timestamp", durable->internal());
  }
  if (const auto fragments = fragments_header(*file.files())) headers.set("X-Backend-Fragments", *fragments);
  return headers;
}

std::int64_t last_modified(const Timestamp& timestamp) {
  return (timestamp.raw() + kRawPerSecond - 1) / kRawPerSecond;
}

std::string conditional_etag(const Metadata& metadata, const std::optional<std::string>& etag_is_at) {
  for (const std::string& name : lower_names(etag_is_at.value_or(""))) {
    if (const Metadata::Item* item = last_named(metadata, name)) return wire_text(item->value);
  }
  std::string etag = required_text(metadata, "ETag");
  std::erase(etag, '"');
  return etag;
}

bool has_any_of(const Metadata& metadata, const std::string& names) {
  const std::vector<std::string> wanted = lower_names(names);
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const std::string& name) { return last_named(metadata, name) != nullptr; });
}

}  // namespace ssync
