#include "common/ring/ring_file.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <span>

#include "common/python/hex.h"
#include "common/ring/errors.h"
#include "common/ring/gzip_stream.h"

namespace ssync {
namespace {

constexpr std::uint64_t kMaxTable = 1ULL << 30U;  // bytes: 2^26 partitions of 4 replicas with ids of 4 bytes
constexpr std::size_t kPiece = std::size_t{1} << 20U;
// What follows the index of format 2: two positions, each eight bytes in a stored block of its own and
// flushed, which makes 18; a final block of five, and gzip's checksum and length.
constexpr std::uint64_t kGzipEnd = 8;
constexpr std::uint64_t kIndexPosition = 18 + 5 + kGzipEnd;

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8U | static_cast<unsigned char>(byte);
  return number;
}

std::string read_exactly(GzipStream& stream, std::uint64_t size) {
  std::string bytes = stream.read(size);
  if (bytes.size() != size) throw RingError("is cut: its data ends too early");
  return bytes;
}

void check_json_size(std::uint64_t size) {
  if (size > kMaxRingJson) throw RingError("its JSON is too large");
}

std::uint64_t partitions_of(const RingLayout& layout) { return std::uint64_t{1} << (32 - layout.part_shift); }

// Every row but the last has all partitions.
void check_rows(const RingTable& table, const RingLayout& layout) {
  const std::uint64_t partitions = partitions_of(layout);
  if (table.size() > 0 && table.size() < partitions) throw RingError("is cut: its table has no whole row");
  if (table.size() > partitions * kMaxRingRows) throw RingError("has too many replicas");
}

// The rows of format 1, and its end with the checksum.
RingTable read_rows(GzipStream& stream, const RingLayout& layout) {
  RingTable table(layout.dev_id_bytes);
  const std::uint64_t row = partitions_of(layout) * static_cast<unsigned>(layout.dev_id_bytes);
  const std::uint64_t most = row * static_cast<unsigned>(layout.rows);
  if (most > kMaxTable) throw RingError("has too many partitions and replicas: more than a GiB of them");
  table.reserve(most / static_cast<unsigned>(layout.dev_id_bytes));
  std::uint64_t left = most;
  while (left > 0) {
    const std::string piece = stream.read(std::min<std::uint64_t>(left, kPiece));
    if (piece.size() % static_cast<unsigned>(layout.dev_id_bytes) != 0) {
      throw RingError("is cut: its table ends within a number");
    }
    if (piece.empty()) break;
    table.append(piece, layout.byte_order);
    left -= piece.size();
  }
  if (!stream.read(1).empty()) throw RingError("has more after its table; write it again");
  // The last row may be short, or even empty: 1.25 replicas of two partitions.
  if (left > row || (most > 0 && most - left < row)) throw RingError("is cut: rows of its table are missing");
  return table;
}

RingFile read_format_1(GzipStream& stream) {
  RingFile file;
  file.format = 1;
  const std::uint64_t size = big_endian(read_exactly(stream, 4));
  check_json_size(size);
  file.layout = read_ring_header(read_exactly(stream, size), file.devices);
  file.table = read_rows(stream, file.layout);
  return file;
}

// A digest of OpenSSL's, by its name.
class Digest {
 public:
  explicit Digest(const std::string& name) : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    const EVP_MD* type = EVP_get_digestbyname(name.c_str());
    if (type == nullptr || context_ == nullptr || EVP_DigestInit_ex(context_.get(), type, nullptr) != 1) {
      throw RingError("its digest " + name + " is not available on this machine");
    }
  }
  void update(std::string_view data) { EVP_DigestUpdate(context_.get(), data.data(), data.size()); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    return python::to_hex(std::span(digest).first(size));
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

// The sections of format 2, each read from its own place and compared with its digest.
class Sections {
 public:
  explicit Sections(GzipStream& stream) : stream_(stream) {
    if (stream.file_size() < kIndexPosition) throw RingError("is cut: its index is missing");
    stream.seek(stream.file_size() - kIndexPosition);
    try {
      const std::uint64_t index = big_endian(read_exactly(stream, 8));
      // By chance the position before it may be there instead.
      if (!stream.read(1).empty() || stream.left() != kGzipEnd) throw RingError("its end is missing");
      stream.seek(index);
      index_ = read_ring_index(read_blob());
    } catch (const RingError& error) {
      throw RingError(std::string("has no index where format 2 has it: cut, or compressed again? (") +
                      error.what() + ")");
    }
  }

  std::string read_json(const std::string& name) {
    std::string json;
    read(name, kMaxRingJson, [&json](std::string_view piece) { json += piece; });
    return json;
  }

  RingTable read_table(const RingLayout& layout) {
    RingTable table(layout.dev_id_bytes);
    const auto bytes = static_cast<unsigned>(layout.dev_id_bytes);
    read("swift/ring/assignments", kMaxTable, [&](std::string_view piece) {
      if (piece.size() % bytes != 0) throw RingError("its table ends within a number");
      table.append(piece, RingByteOrder::big);
    });
    return table;
  }

 private:
  std::string read_blob() {
    const std::uint64_t size = big_endian(read_exactly(stream_, 8));
    check_json_size(size);
    return read_exactly(stream_, size);
  }

  template <typename Take>
  void read(const std::string& name, std::uint64_t most, const Take& take) {
    const auto found = index_.find(name);
    if (found == index_.end()) throw RingError("its section " + name + " is missing");
    const RingSection& section = found->second;
    stream_.seek(section.compressed_start);
    const std::string prefix = read_exactly(stream_, 8);
    const std::uint64_t size = big_endian(prefix);
    if (size > most) throw RingError("its section " + name + " is too large");
    if (size + prefix.size() != section.length)
      throw RingError("its section " + name + " and its index disagree");
    Digest digest(section.digest_name);
    digest.update(prefix);
    for (std::uint64_t left = size; left > 0;) {
      const std::string piece = read_exactly(stream_, std::min<std::uint64_t>(left, kPiece));
      digest.update(piece);
      take(std::string_view(piece));
      left -= piece.size();
    }
    if (!section.digest.empty() && digest.hex() != section.digest) {
      throw RingError("its section " + name + " is damaged: its " + section.digest_name + " is another");
    }
  }

  GzipStream& stream_;
  std::map<std::string, RingSection> index_;
};

RingFile read_format_2(GzipStream& stream) {
  Sections sections(stream);
  RingFile file;
  file.format = 2;
  file.layout = read_ring_metadata(sections.read_json("swift/ring/metadata"));
  file.devices = read_ring_devices(sections.read_json("swift/ring/devices"));
  file.table = sections.read_table(file.layout);
  return file;
}

RingFile read(const std::string& path) {
  GzipStream stream(path);
  const std::string magic = read_exactly(stream, 4);
  if (magic != "R1NG") {
    throw RingError("is not a ring, or one of Swift before 1.4.7; write it again with swift-ring-builder");
  }
  const std::uint64_t format = big_endian(read_exactly(stream, 2));
  if (format != 1 && format != 2) {
    throw RingError("has format " + std::to_string(format) +
                    ", which is not known here; write it with swift-ring-builder as format 1 or 2");
  }
  RingFile file = format == 1 ? read_format_1(stream) : read_format_2(stream);
  check_rows(file.table, file.layout);
  return file;
}

}  // namespace

void RingTable::append(std::string_view bytes, RingByteOrder order) {
  const std::size_t width = is_wide_ ? 4 : 2;
  for (std::size_t at = 0; at + width <= bytes.size(); at += width) {
    std::uint32_t id = 0;
    for (std::size_t byte = 0; byte < width; ++byte) {
      const std::size_t place = order == RingByteOrder::big ? at + byte : at + width - 1 - byte;
      id = id << 8U | static_cast<unsigned char>(bytes[place]);
    }
    if (is_wide_) {
      wide_.push_back(id);
    } else {
      narrow_.push_back(static_cast<std::uint16_t>(id));
    }
  }
}

void RingTable::reserve(std::size_t ids) {
  if (is_wide_) {
    wide_.reserve(ids);
  } else {
    narrow_.reserve(ids);
  }
}

RingFile read_ring_file(const std::string& path) {
  try {
    return read(path);
  } catch (const RingError& error) {
    throw RingError(path + ": " + error.what());
  }
}

}  // namespace ssync
