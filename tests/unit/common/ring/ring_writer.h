// Ring files, byte by byte, so that they can be wrong in any way.
#pragma once

#include <openssl/evp.h>
#include <zlib.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/python/hex.h"

namespace ssync {

inline std::string big_endian(std::uint64_t number, int bytes) {
  std::string text;
  for (int byte = bytes - 1; byte >= 0; --byte)
    text += static_cast<char>(number >> (8U * static_cast<unsigned>(byte)));
  return text;
}

// A gzip file in the making, as Swift's _RingGzWriter makes one.
class GzipWriter {
 public:
  GzipWriter() { ::deflateInit2(&deflater_, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY); }
  ~GzipWriter() { ::deflateEnd(&deflater_); }
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  void write(std::string_view data, int flush = Z_NO_FLUSH) {
    deflater_.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(data.data()));
    deflater_.avail_in = static_cast<unsigned>(data.size());
    std::array<char, 4096> piece{};
    do {
      deflater_.next_out = reinterpret_cast<unsigned char*>(piece.data());
      deflater_.avail_out = piece.size();
      ::deflate(&deflater_, flush);
      out_.append(piece.data(), piece.size() - deflater_.avail_out);
    } while (deflater_.avail_out == 0);
  }
  void set_level(int level) { ::deflateParams(&deflater_, level, Z_DEFAULT_STRATEGY); }
  [[nodiscard]] std::uint64_t in() const { return deflater_.total_in; }
  [[nodiscard]] std::uint64_t out() const { return out_.size(); }
  std::string finish() {
    write({}, Z_FINISH);
    return out_;
  }

 private:
  z_stream deflater_{};
  std::string out_;
};

inline std::string gzip(std::string_view data) {
  GzipWriter writer;
  writer.write(data);
  return writer.finish();
}

// A file of format 1 with this header and table.
inline std::string ring_format_1(std::string_view json, std::string_view table) {
  return gzip("R1NG" + big_endian(1, 2) + big_endian(json.size(), 4) + std::string(json) +
              std::string(table));
}

// A file of format 2 with these sections.
class RingWriter2 {
 public:
  RingWriter2() {
    gzip_.set_level(0);
    gzip_.write("R1NG" + big_endian(2, 2));
    gzip_.write({}, Z_FULL_FLUSH);
    gzip_.set_level(9);
  }

  // `length` is what the section says of itself.
  void section(const std::string& name, std::string_view data, std::uint64_t length) {
    const std::uint64_t start_out = gzip_.out();
    const std::uint64_t start_in = gzip_.in();
    const std::string whole = big_endian(length, 8) + std::string(data);
    gzip_.write(whole, Z_FULL_FLUSH);
    std::array<unsigned char, 32> digest{};
    EVP_Digest(whole.data(), whole.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    index_ += (index_.empty() ? "{\"" : ", \"") + name + "\": [" + std::to_string(start_out) + ", " +
              std::to_string(start_in) + ", " + std::to_string(gzip_.out()) + ", " +
              std::to_string(gzip_.in()) + ", \"sha256\", \"" + python::to_hex(digest) + "\"]";
  }
  void section(const std::string& name, std::string_view data) { section(name, data, data.size()); }

  // With another index than its own.
  std::string finish(const std::string& index) {
    const std::uint64_t start_in = gzip_.in();
    const std::uint64_t start_out = gzip_.out();
    gzip_.write(big_endian(index.size(), 8) + index, Z_FULL_FLUSH);
    gzip_.set_level(0);
    gzip_.write(big_endian(start_in, 8), Z_FULL_FLUSH);
    gzip_.write(big_endian(start_out, 8), Z_FULL_FLUSH);
    return gzip_.finish();
  }
  std::string finish() { return finish(index_ + "}"); }
  [[nodiscard]] std::string index() const { return index_ + "}"; }

 private:
  GzipWriter gzip_;
  std::string index_;
};

inline std::string ring_format_2(std::string_view metadata, std::string_view devices,
                                 std::string_view table) {
  RingWriter2 writer;
  writer.section("swift/ring/metadata", metadata);
  writer.section("swift/ring/devices", devices);
  writer.section("swift/ring/assignments", table);
  return writer.finish();
}

}  // namespace ssync
