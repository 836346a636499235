// Object metadata: a pickled dictionary in extended attributes, with a checksum.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ssync {

// Names and values as UTF-8 bytes, in stored order. All values are text except an erasure-coding fragment's
// index, a number.
class Metadata {
 public:
  struct Item {
    std::string name;
    std::string value;  // of a number: its decimal digits
    bool is_number = false;
  };

  // The value, or nullptr. Names are compared exactly.
  [[nodiscard]] const std::string* find(std::string_view name) const;
  // Replaces the value in its place, or appends.
  void set(std::string_view name, std::string value);
  void erase(std::string_view name);
  [[nodiscard]] const std::vector<Item>& items() const noexcept { return items_; }
  void append(Item item) { items_.push_back(std::move(item)); }

 private:
  std::vector<Item> items_;
};

enum class MetadataFault {
  none,
  missing,        // no extended attribute at all (Python: EOFError)
  bad_checksum,   // DiskFileBadMetadataChecksum
  unreadable,     // the pickle is invalid, or not a dictionary of text
  no_file,        // the file is gone (DiskFileNotExist)
  not_supported,  // the file system has no extended attributes (DiskFileXattrNotSupported)
};

struct MetadataRead {
  MetadataFault fault = MetadataFault::none;
  std::string message;  // why, for the log and the peer; empty without a fault
  Metadata metadata;    // empty with a fault
};

// Reads a file's metadata (swift.obj.diskfile.read_metadata). As in Swift, a system call error other than "no
// file" and "not supported" only ends the reading; checksum and pickle then decide.
MetadataRead read_metadata(const std::string& path);
MetadataRead read_metadata(int fd, const std::string& path);

// Writes metadata to the open file (swift.obj.diskfile.write_metadata): pieces of 65,536 bytes and the
// checksum of the whole. Throws OsError: ENOSPC or EDQUOT if the device is full, ENOTSUP if it has no
// extended attributes.
void write_metadata(int fd, const Metadata& metadata, const std::string& path);

// True for the metadata that a POST cannot change: "Content-Length", "Deleted", "ETag",
// "X-Static-Large-Object" and object system metadata.
bool belongs_to_data_file(std::string_view name);

// swift.common.request_helpers: is_user_meta, is_sys_meta, is_object_transient_sysmeta for objects.
bool is_user_metadata(std::string_view name);
bool is_system_metadata(std::string_view name);
bool is_transient_system_metadata(std::string_view name);

}  // namespace ssync
