// Metadata in extended attributes: any bytes as the attributes of a file, and what was read written again.
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "common/layout/metadata.h"
#include "common/layout/metadata_pickle.h"
#include "common/os/md5.h"
#include "common/python/pickle.h"
#include "tests/fuzz/require.h"

namespace ssync {
namespace {

constexpr int kFile = 1000;  // no descriptor of this process
constexpr std::size_t kPieceSize = 65536;

using Attributes = std::map<std::string, std::string, std::less<>>;

Attributes& attributes() {
  static Attributes of_file;
  return of_file;
}

std::string key_of_piece(std::size_t piece) {
  return piece == 0 ? "user.swift.metadata" : "user.swift.metadata" + std::to_string(piece);
}

// The pickle in pieces of the given size, as Swift reads them whatever their size, with a good checksum.
void store(std::string_view pickled, std::size_t piece_size) {
  attributes().clear();
  attributes()["user.swift.metadata_checksum"] = md5_hex(pickled);
  for (std::size_t piece = 0; piece * piece_size < pickled.size(); ++piece) {
    attributes()[key_of_piece(piece)] = pickled.substr(piece * piece_size, piece_size);
  }
}

bool same_items(const Metadata& a, const Metadata& b) {
  return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(),
                    [](const Metadata::Item& one, const Metadata::Item& other) {
                      return one.name == other.name && one.value == other.value &&
                             one.is_number == other.is_number;
                    });
}

void check_written(const Metadata& metadata) {
  attributes().clear();
  write_metadata(kFile, metadata, "path");
  std::string pickled;
  std::size_t piece = 0;
  for (; attributes().contains(key_of_piece(piece)); ++piece) {
    require(piece == 0 || pickled.size() % kPieceSize == 0, "only the last piece is short");
    pickled += attributes()[key_of_piece(piece)];
  }
  require(attributes().size() == piece + 1, "there are the pieces and the checksum");
  require(attributes()["user.swift.metadata_checksum"] == md5_hex(pickled), "the checksum is of the pieces");
  require(pickle::dump(pickle::load(pickled)) == pickled, "it is written as Python writes it");
  const MetadataRead again = read_metadata(kFile, "path");
  require(again.fault == MetadataFault::none, "what was written can be read");
  require(same_items(again.metadata, metadata), "and is the same");
}

void check_read(const MetadataRead& read) {
  require((read.fault == MetadataFault::none) == read.message.empty(), "a fault has a message");
  if (read.fault != MetadataFault::none) {
    require(read.metadata.items().empty(), "there is no metadata with a fault");
    return;
  }
  for (const Metadata::Item& item : read.metadata.items()) {
    require(read.metadata.find(item.name) != nullptr, "each item can be found");
  }
  check_written(read.metadata);
}

// What is read without the pickle reader is what that would have read.
void check_plain(std::string_view pickled) {
  const auto plain = read_plain_metadata(pickled);
  if (!plain) return;
  Metadata expected;
  pickle::Value value = pickle::load(pickled);
  for (auto& [name, text] : std::get<pickle::Dict>(value.data)) {
    expected.append(
        {.name = std::get<pickle::Bytes>(name.data).data, .value = std::get<pickle::Bytes>(text.data).data});
  }
  require(same_items(*plain, expected), "the short way reads the same");
}

}  // namespace
}  // namespace ssync

// The kernel's part: these take the place of the C library's.
extern "C" {

ssize_t fgetxattr(int /*fd*/, const char* name, void* value, std::size_t size) noexcept {
  const auto found = ssync::attributes().find(std::string_view(name));
  if (found == ssync::attributes().end()) {
    errno = ENODATA;
    return -1;
  }
  const std::string& stored = found->second;
  if (stored.size() > size) {
    errno = ERANGE;
    return -1;
  }
  std::memcpy(value, stored.data(), stored.size());
  return static_cast<ssize_t>(stored.size());
}

int fsetxattr(int /*fd*/, const char* name, const void* value, std::size_t size, int /*flags*/) noexcept {
  ssync::attributes()[name].assign(static_cast<const char*>(value), size);
  return 0;
}

// Input: two bytes, the pieces' size (0: as Swift splits); the rest is the pickle.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t asked = data[0] | static_cast<std::size_t>(data[1]) << 8U;
  const std::string_view pickled(reinterpret_cast<const char*>(data) + 2, size - 2);
  ssync::check_plain(pickled);
  ssync::store(pickled, asked == 0 ? ssync::kPieceSize : asked);
  ssync::check_read(ssync::read_metadata(ssync::kFile, "path"));
  ssync::store(pickled, ssync::kPieceSize);
  ssync::attributes()["user.swift.metadata_checksum"] = "0";
  ssync::require(ssync::read_metadata(ssync::kFile, "path").fault == ssync::MetadataFault::bad_checksum,
                 "a bad checksum is seen");
  return 0;
}
}
