#include "common/layout/metadata.h"

#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <variant>

#include "common/layout/metadata_pickle.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/os/md5.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/pickle.h"
#include "common/python/repr.h"
#include "common/python/text.h"

namespace ssync {
namespace {

constexpr char kMetadataKey[] = "user.swift.metadata";
constexpr char kChecksumKey[] = "user.swift.metadata_checksum";
constexpr std::size_t kPieceSize = 65536;
// Swift has no limit; its constraints keep metadata below 100 KiB, and the kernel allows 64 KiB per
// attribute.
constexpr int kMaxPieces = 32;
// Far more than Swift's constraints allow; bounds the linear search in Metadata.
constexpr std::size_t kMaxItems = 10000;

std::string piece_key(int piece) { return piece == 0 ? kMetadataKey : kMetadataKey + std::to_string(piece); }

// Appends the attribute's value to out. False with errno set on failure.
template <typename GetXattr>
bool append_attribute(const GetXattr& get, const std::string& key, std::string& out) {
  const std::size_t old_size = out.size();
  out.resize(old_size + 1024);
  ssize_t size = get(key.c_str(), out.data() + old_size, 1024UL);
  if (size < 0 && errno == ERANGE) {
    out.resize(old_size + kPieceSize);
    size = get(key.c_str(), out.data() + old_size, kPieceSize);
  }
  const int error = errno;
  out.resize(old_size + (size < 0 ? 0 : static_cast<std::size_t>(size)));
  errno = error;
  return size >= 0;
}

std::optional<std::string> take_text(pickle::Value& value) {
  if (auto* bytes = std::get_if<pickle::Bytes>(&value.data)) return std::move(bytes->data);
  if (auto* text = std::get_if<pickle::Text>(&value.data)) return std::move(text->utf8);
  return std::nullopt;
}

MetadataRead fault(MetadataFault kind, std::string message) { return {kind, std::move(message), {}}; }

MetadataRead unpickle(const std::string& data) {
  MetadataRead result;
  if (auto plain = read_plain_metadata(data)) {
    result.metadata = *std::move(plain);
    return result;
  }
  try {
    pickle::Value value = pickle::load(data);
    auto* dict = std::get_if<pickle::Dict>(&value.data);
    if (dict == nullptr) {
      // Python's error in the first statement of Swift that uses it.
      return fault(MetadataFault::unreadable,
                   "'" + std::string(pickle::type_name(value)) + "' object has no attribute 'items'");
    }
    if (dict->size() > kMaxItems) return fault(MetadataFault::unreadable, "metadata has too many items");
    for (auto& [key, item] : *dict) {
      auto name = take_text(key);
      auto text = take_text(item);
      const auto* number = std::get_if<std::int64_t>(&item.data);
      if (!name || (!text && number == nullptr)) {
        return fault(MetadataFault::unreadable, "metadata has a name or value that is not text");
      }
      const bool is_number = !text;
      result.metadata.append(
          {*std::move(name), is_number ? std::to_string(*number) : *std::move(text), is_number});
    }
  } catch (const pickle::EmptyError&) {
    return fault(MetadataFault::missing, "Ran out of input");
  } catch (const pickle::Error& error) {
    return fault(MetadataFault::unreadable, error.what());
  }
  return result;
}

template <typename GetXattr>
MetadataRead read_with(const GetXattr& get, const std::string& path) {
  std::string data;
  for (int piece = 0; piece < kMaxPieces; ++piece) {
    if (append_attribute(get, piece_key(piece), data)) continue;
    if (errno == ENOTSUP) {
      // The text of Python's xattr, which has the path as bytes.
      return fault(MetadataFault::not_supported,
                   OsError(errno, "").what() + (": " + python::repr_bytes(path)));
    }
    if (errno == ENOENT) return fault(MetadataFault::no_file, OsError(errno, path).what());
    // As in Swift, reading ends here; but the reason must be logged.
    if (errno != ENODATA) log::warning("Cannot read metadata: {}", OsError(errno, path).what());
    break;
  }
  std::string stored;
  if (append_attribute(get, kChecksumKey, stored) && !stored.empty()) {
    const std::string computed = md5_hex(data);
    if (stored != computed) {
      return fault(MetadataFault::bad_checksum, "Metadata checksum mismatch for " + path +
                                                    ": stored checksum='" + python::repr_bytes(stored) +
                                                    "', computed='" + python::repr_bytes(computed) + "'");
    }
  }
  return unpickle(data);
}

bool has_prefix_and_more(std::string_view name, std::string_view prefix) {
  return name.size() > prefix.size() && python::lower_ascii(name.substr(0, prefix.size())) == prefix;
}

}  // namespace

const std::string* Metadata::find(std::string_view name) const {
  const auto item = std::find_if(items_.begin(), items_.end(),
                                 [&](const Item& candidate) { return candidate.name == name; });
  return item == items_.end() ? nullptr : &item->value;
}

void Metadata::set(std::string_view name, std::string value) {
  const auto item = std::find_if(items_.begin(), items_.end(),
                                 [&](const Item& candidate) { return candidate.name == name; });
  if (item == items_.end()) {
    items_.push_back({std::string(name), std::move(value), false});
  } else {
    item->value = std::move(value);
    item->is_number = false;
  }
}

void Metadata::erase(std::string_view name) {
  std::erase_if(items_, [&](const Item& item) { return item.name == name; });
}

MetadataRead read_metadata(const std::string& path) {
  return read_with([&](const char* key, void* value,
                       std::size_t size) { return ::getxattr(path.c_str(), key, value, size); },
                   path);
}

MetadataRead read_metadata(int fd, const std::string& path) {
  return read_with(
      [&](const char* key, void* value, std::size_t size) { return ::fgetxattr(fd, key, value, size); },
      path);
}

void write_metadata(int fd, const Metadata& metadata, const std::string& path) {
  pickle::Dict dict;
  dict.reserve(metadata.items().size());
  for (const Metadata::Item& item : metadata.items()) {
    pickle::Value value;
    if (item.is_number) {
      value.data = python::parse_int(item.value, 10);
    } else {
      value.data = pickle::Bytes{item.value};
    }
    dict.emplace_back(pickle::Value{pickle::Bytes{item.name}}, std::move(value));
  }
  const std::string data = pickle::dump(pickle::Value{std::move(dict)});
  // Larger metadata could not be read back.
  if (data.size() > kPieceSize * kMaxPieces) throw OsError(E2BIG, path);
  const auto set = [&](const std::string& key, std::string_view value) {
    if (::fsetxattr(fd, key.c_str(), value.data(), value.size(), 0) != 0) throw_os_error(path);
  };
  int piece = 0;
  for (std::size_t offset = 0; offset < data.size(); offset += kPieceSize) {
    set(piece_key(piece++), std::string_view(data).substr(offset, kPieceSize));
  }
  set(kChecksumKey, md5_hex(data));
}

bool is_user_metadata(std::string_view name) { return has_prefix_and_more(name, "x-object-meta-"); }
bool is_system_metadata(std::string_view name) { return has_prefix_and_more(name, "x-object-sysmeta-"); }
bool is_transient_system_metadata(std::string_view name) {
  return has_prefix_and_more(name, "x-object-transient-sysmeta-");
}

bool belongs_to_data_file(std::string_view name) {
  const std::string lower = python::lower_ascii(name);
  return lower == "content-length" || lower == "deleted" || lower == "etag" ||
         lower == "x-static-large-object" || is_system_metadata(name);
}

}  // namespace ssync
