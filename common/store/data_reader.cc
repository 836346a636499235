#include "common/store/data_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>

#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/repr.h"
#include "common/store/errors.h"
#include "common/store/quarantine.h"

namespace ssync {
namespace {

constexpr std::int64_t kDropCacheWindow = 1024LL * 1024;

const std::string& required(const Metadata& metadata, const char* name) {
  const std::string* value = metadata.find(name);
  if (value == nullptr) throw ValueError(python::repr_text(name));
  return *value;
}

// Fills the buffer up to the end of the file. Throws OsError.
std::size_t read_at(int fd, char* buffer, std::size_t size, std::int64_t offset, const std::string& path) {
  std::size_t total = 0;
  while (total < size) {
    const ssize_t count =
        ::pread(fd, buffer + total, size - total, offset + static_cast<std::int64_t>(total));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_os_error(path);
    total += static_cast<std::size_t>(count);
    // The end, most likely: whether it is that, the next call finds out.
    if (total < size) break;
  }
  return total;
}

}  // namespace

DataReader::DataReader(const Partition& partition, DiskFile& file, PageCache cache, DamagedObjects damaged)
    : partition_(partition),
      hash_dir_(file.hash_dir()),
      path_(hash_dir_ + "/" + file.files()->data->name),
      file_(file.take_data_file()),
      size_(python::to_int64(
          python::parse_integer(python::ascii_number(required(file.metadata(), "Content-Length")), 10))),
      etag_(required(file.metadata(), "ETag")),
      drop_pages_(cache == PageCache::drop || size_ >= partition.settings.keep_cache_size),
      damaged_(damaged),
      chunk_size_(static_cast<std::size_t>(partition.settings.disk_chunk_size)),
      chunk_(std::make_unique_for_overwrite<char[]>(chunk_size_)) {
  start_at(0);
}

void DataReader::start_at(std::int64_t offset) {
  offset_ = start_ = dropped_to_ = offset;
  at_end_ = false;
  md5_.reset();
  fragments_.reset();
  if (offset != 0) return;
  md5_.emplace();
  if (partition_.policy.type != PolicyType::erasure_coding) return;
  if (const auto size = fragment_size(partition_.policy.erasure_coding)) fragments_.emplace(*size);
}

std::string_view DataReader::read() {
  std::size_t count = 0;
  try {
    count = read_at(file_.get(), chunk_.get(), chunk_size_, offset_, path_);
  } catch (const OsError& error) {
    const bool is_unreadable = error.code() == EIO || is_damage(error.code());
    if (is_unreadable && damaged_ == DamagedObjects::quarantine) refuse_object(error.what());
    throw;
  }
  const std::string_view piece(chunk_.get(), count);
  offset_ += static_cast<std::int64_t>(count);
  at_end_ = piece.empty();
  check(piece);
  if (at_end_ || offset_ - dropped_to_ > kDropCacheWindow) drop_read_pages();
  return piece;
}

void DataReader::check(std::string_view piece) {
  if (md5_) md5_->update(piece);
  if (!fragments_) return;
  if (const auto bad = fragments_->update(piece)) refuse_fragment(*bad);
}

void DataReader::refuse_fragment(std::int64_t offset) {
  std::array<char, 64> reason{};
  std::snprintf(reason.data(), reason.size(), "Invalid EC metadata at offset 0x%llx",
                static_cast<unsigned long long>(offset));
  refuse_object(reason.data());
  throw DamagedObject(path_ + ": " + reason.data());
}

void DataReader::finish() {
  if (start_ != 0 || !at_end_) return;
  try {
    judge();
  } catch (const DamagedObject&) {
    throw;
  } catch (const std::exception& error) {
    log::error("ERROR DiskFile {} close failure: {}", path_, error.what());
  }
}

void DataReader::judge() {
  const std::int64_t count = offset_ - start_;
  if (count != size_) {
    refuse_object("Bytes read: " + std::to_string(count) +
                  ", does not match metadata: " + std::to_string(size_));
    return;
  }
  if (const std::string md5 = md5_->hex(); md5 != etag_) {
    refuse_object("ETag " + etag_ + " and file's md5 " + md5 + " do not match");
    return;
  }
  if (!fragments_) return;
  if (const auto bad = fragments_->finish()) refuse_fragment(*bad);
}

// Quarantines the object, or throws DamagedObject with DamagedObjects::leave.
void DataReader::refuse_object(const std::string& reason) {
  if (damaged_ == DamagedObjects::leave) throw DamagedObject(path_ + ": " + reason);
  struct stat status {};
  // A newer version has replaced this one meanwhile, and is not the damaged one.
  if (::fstat(file_.get(), &status) == 0 && status.st_nlink == 0) return;
  quarantine(partition_, hash_dir_, reason);
  count_quarantined_object();
}

void DataReader::drop_read_pages() {
  if (drop_pages_) {
    // Only advice, so a failure does not matter.
    static_cast<void>(::posix_fadvise(file_.get(), dropped_to_, offset_ - dropped_to_, POSIX_FADV_DONTNEED));
  }
  dropped_to_ = offset_;
}

}  // namespace ssync
