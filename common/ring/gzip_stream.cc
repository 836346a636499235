#include "common/ring/gzip_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/ring/errors.h"

namespace ssync {
namespace {

// What is decompressed at once: memory grows with what is there, not with what a header says is there.
constexpr std::size_t kPiece = std::size_t{1} << 20U;
constexpr int kGzip = 16 + MAX_WBITS;
constexpr int kBareDeflate = -MAX_WBITS;

[[noreturn]] void cannot_read() { throw RingError(std::string("cannot be read: ") + std::strerror(errno)); }

}  // namespace

// O_NONBLOCK: a FIFO in a ring's place must not be waited for.
GzipStream::GzipStream(const std::string& path)
    : file_(open_file(path, O_RDONLY | O_NONBLOCK)), inflater_(std::make_unique<z_stream_s>()) {
  struct stat status {};
  if (!file_ || ::fstat(file_.get(), &status) != 0) cannot_read();
  if (!S_ISREG(status.st_mode)) throw RingError("is not a regular file");
  size_ = static_cast<std::uint64_t>(status.st_size);
  if (::inflateInit2(inflater_.get(), kGzip) != Z_OK) throw RingError("no memory to decompress it");
}

GzipStream::~GzipStream() { ::inflateEnd(inflater_.get()); }

void GzipStream::seek(std::uint64_t position) {
  if (position > size_) throw RingError("is cut: it points behind its end");
  if (::lseek(file_.get(), static_cast<off_t>(position), SEEK_SET) < 0) cannot_read();
  ::inflateReset2(inflater_.get(), position == 0 ? kGzip : kBareDeflate);
  inflater_->avail_in = 0;
  position_ = position;
  at_end_ = false;
}

std::uint64_t GzipStream::left() const noexcept { return size_ - (position_ - inflater_->avail_in); }

void GzipStream::refill() {
  ssize_t got = 0;
  do {
    got = ::read(file_.get(), input_.data(), input_.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) cannot_read();
  if (got == 0) throw RingError("is cut: it ends within its data");
  inflater_->next_in = input_.data();
  inflater_->avail_in = static_cast<unsigned>(got);
  position_ += static_cast<std::uint64_t>(got);
}

std::string GzipStream::read(std::size_t size) {
  std::string data;
  while (data.size() < size && !at_end_) {
    const std::size_t had = data.size();
    data.resize(std::min(size, had + kPiece));
    inflater_->next_out = reinterpret_cast<unsigned char*>(data.data()) + had;
    inflater_->avail_out = static_cast<unsigned>(data.size() - had);
    while (inflater_->avail_out > 0 && !at_end_) {
      if (inflater_->avail_in == 0) refill();
      const int status = ::inflate(inflater_.get(), Z_NO_FLUSH);
      at_end_ = status == Z_STREAM_END;
      if (status != Z_OK && status != Z_STREAM_END) throw RingError("is damaged, or not compressed by gzip");
    }
    data.resize(data.size() - inflater_->avail_out);
  }
  return data;
}

}  // namespace ssync
