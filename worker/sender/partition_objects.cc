#include "worker/sender/partition_objects.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>

#include "common/layout/metadata.h"
#include "common/layout/object_name.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/log.h"
#include "common/python/errors.h"
#include "common/python/hex.h"
#include "common/python/repr.h"
#include "common/store/data_reader.h"
#include "common/store/errors.h"
#include "worker/protocol/subrequest.h"

namespace ssync {
namespace {

bool is_durable(const DiskFile& file, const StoragePolicy& policy) {
  return policy.type != PolicyType::erasure_coding ||
         file.files()->durable_timestamp == std::optional(file.data_timestamp());
}

StoredHeaders headers_of(const Metadata& metadata) {
  StoredHeaders headers;
  for (const Metadata::Item& item : metadata.items()) headers.emplace_back(item.name, item.value);
  return headers;
}

// Sends size zero bytes.
void fill_up(std::uint64_t size, UpdateOutput& output) {
  const std::string zeros(std::min<std::uint64_t>(size, 1U << 20U), '\0');
  while (size != 0) {
    const std::size_t piece = std::min<std::uint64_t>(size, zeros.size());
    output.body(std::string_view(zeros).substr(0, piece));
    size -= piece;
  }
}

// Sends size bytes. If they cannot be read, the subrequest cannot be revoked. Swift's sender ends the
// session; but then objects after one with a bad sector would never be replicated. Here the rest is filled
// with zeros, so the MD5 does not match the ETag and the receiver refuses the object.
void send_rest(DataReader& reader, std::uint64_t size, UpdateOutput& output) {
  std::uint64_t left = size;
  const auto give_up = [&](const std::exception& error) {
    log::error("{}", error.what());
    output.fail_spoiled();
    fill_up(left, output);
  };
  try {
    for (std::string_view piece = reader.read(); !piece.empty(); piece = reader.read()) {
      piece = piece.substr(0, left);
      output.body(piece);
      left -= piece.size();
    }
    reader.finish();
  } catch (const DamagedObject& damaged) {
    give_up(damaged);
  } catch (const OsError& error) {
    give_up(error);
  }
}

// Every receiver refuses an object without, and nobody would know here why.
void require_time(const DiskFile& file) {
  try {
    static_cast<void>(file.data_timestamp());
  } catch (const ValueError&) {
    throw DamagedObject(file.hash_dir() + ": its metadata has no valid X-Timestamp");
  }
}

}  // namespace

struct PartitionObjects::Opened {
  OpenOutcome outcome = OpenOutcome::not_exist;
  std::optional<DiskFile> file;  // not set for a directory without data and tombstone
};

PartitionObjects::PartitionObjects(const Partition& partition, std::vector<std::string> suffixes,
                                   const FragmentRequest& request)
    : partition_(partition),
      request_(request),
      listing_(partition, std::move(suffixes), request, Timestamp::now().seconds()) {
  if (partition.policy.type == PolicyType::erasure_coding) request_.policy = &partition.policy.erasure_coding;
}

bool PartitionObjects::next(Offer& offer, UpdateCounts& counts) {
  for (;;) {
    try {
      if (!listing_.next(listed_)) return false;
      break;
    } catch (const OsError& error) {
      log::error("{}", error.what());
      ++counts.failed;
    }
  }
  const ObjectFiles& files = listed_.files;
  const ObjectFile& main_file = files.data ? *files.data : *files.tombstone;
  offer = Offer::of(*parse_object_hash(listed_.hash), main_file.timestamp);
  if (!files.data) return true;
  if (files.meta) offer.meta = files.meta->timestamp;
  if (files.content_type) offer.content_type = *files.content_type->content_type_timestamp;
  offer.durable = !files.data->is_undecided();
  return true;
}

void PartitionObjects::send(std::size_t /*number*/, const ObjectHash& hash, WantedParts wanted,
                            UpdateOutput& output) {
  const std::string hash_dir = partition_.hash_dir(python::to_hex(hash));
  try {
    send_object(hash_dir, wanted, output);
  } catch (const OsError& error) {
    log::error("{}", error.what());
    output.fail();
  } catch (const DamagedObject& damaged) {
    log::error("{}", damaged.what());
    output.fail();
  } catch (const ValueError& error) {
    log::error("{}: {}", hash_dir, error.what());
    output.fail();
  }
}

void PartitionObjects::send_object(const std::string& hash_dir, WantedParts wanted,
                                   UpdateOutput& output) const {
  Opened opened = open(hash_dir);
  switch (opened.outcome) {
    case OpenOutcome::open:
      require_time(*opened.file);
      if (wanted.data) send_put(*opened.file, output);
      if (wanted.meta) send_post(*opened.file, output);
      return;
    case OpenOutcome::deleted:
      if (wanted.data) send_delete(*opened.file, output);
      return;
    case OpenOutcome::not_exist:
    case OpenOutcome::changing:
      output.skip();
      return;
    case OpenOutcome::damaged:
      throw DamagedObject(hash_dir + ": " + opened.file->damage());
    case OpenOutcome::collision:
      throw DamagedObject(hash_dir + ": its files belong to different objects");
    case OpenOutcome::not_supported:
      throw DamagedObject(hash_dir + ": its file system has no extended attributes");
    case OpenOutcome::expired:
    case OpenOutcome::quarantined:
      break;
  }
  throw std::logic_error("unexpected outcome of opening an object");
}

// Takes the object's name from its data or tombstone.
PartitionObjects::Opened PartitionObjects::open(const std::string& hash_dir) const {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto names = list_directory_if_there(hash_dir);
    if (!names) return {};
    const ObjectFiles files = choose_object_files(*names, partition_.policy.type, request_);
    const std::optional<ObjectFile>& main_file = files.data ? files.data : files.tombstone;
    if (!main_file) return {};
    const std::string path = hash_dir + "/" + main_file->name;
    Fd fd = open_file(path, O_RDONLY | O_NONBLOCK);
    if (!fd && errno == ENOENT) continue;
    if (!fd) throw_os_error(path);
    MetadataRead read = read_metadata(fd.get(), path);
    if (read.fault == MetadataFault::no_file) continue;
    if (read.fault == MetadataFault::missing) throw DamagedObject(path + ": has no metadata");
    if (read.fault != MetadataFault::none) throw DamagedObject(path + ": " + read.message);
    const std::string* stored_name = read.metadata.find("name");
    const auto name = ObjectName::parse(stored_name == nullptr ? "" : *stored_name);
    if (!name) throw DamagedObject(path + ": its metadata does not contain a valid object name");
    DiskFile file(partition_, *name, request_, DamagedObjects::leave);
    if (file.hash_dir() != hash_dir) {
      throw DamagedObject(path + ": its metadata contains the name of an object with another hash: " +
                          python::repr_text(name->path()));
    }
    const OpenOutcome outcome = file.open(ExpiredObjects::open, 0,
                                          SeenFiles{.names = *std::move(names),
                                                    .file_name = main_file->name,
                                                    .file = std::move(fd),
                                                    .metadata = std::move(read.metadata)});
    return {outcome, std::move(file)};
  }
  return {.outcome = OpenOutcome::changing, .file = std::nullopt};
}

void PartitionObjects::send_put(DiskFile& file, UpdateOutput& output) const {
  StoredHeaders headers = headers_of(file.data_metadata());
  std::erase_if(
      headers, [](const auto& header) { return header.first == "name" || header.first == "Content-Length"; });
  if (!is_durable(file, partition_.policy)) headers.emplace_back("X-Backend-No-Commit", "True");
  // The kernel evicts pages that were read once first, and dropping those of a small object takes longer than
  // reading them.
  DataReader reader(partition_, file, PageCache::keep_small, DamagedObjects::leave);
  const auto size = static_cast<std::uint64_t>(reader.size());
  headers.emplace_back("Content-Length", std::to_string(size));
  const std::string head = subrequest_head("PUT", file.name(), std::move(headers));
  if (output.is_dry_run()) {
    output.put(head, size);
    return;
  }
  const std::string first(reader.read());
  const bool is_whole = first.size() == size;
  if (is_whole) {
    // Verified before any of it is sent.
    if (!reader.read().empty()) throw DamagedObject(file.hash_dir() + ": its data file is growing");
    reader.finish();
  }
  output.put(head, size);
  output.body(first);
  if (!is_whole) send_rest(reader, size - first.size(), output);
}

void PartitionObjects::send_post(const DiskFile& file, UpdateOutput& output) {
  if (!file.meta_metadata() || file.data_timestamp() == file.timestamp()) return;
  output.post(subrequest_head("POST", file.name(), headers_of(*file.meta_metadata())));
}

void PartitionObjects::send_delete(const DiskFile& file, UpdateOutput& output) {
  output.delete_object(
      subrequest_head("DELETE", file.name(), {{"X-Timestamp", file.deleted_timestamp().internal()}}));
}

}  // namespace ssync
