#include "worker/missing_check.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <vector>

#include "common/disk_file.h"
#include "common/errors.h"
#include "common/fd.h"
#include "common/fragment_commit.h"
#include "common/hash_dir_cleanup.h"
#include "common/lock_path.h"
#include "common/metadata.h"
#include "common/object_files.h"
#include "common/object_name.h"
#include "common/python_text.h"
#include "common/quarantine.h"

namespace ssync {
namespace {

void require_ascii(std::string_view line) {
  const auto* const bad = std::find_if(line.begin(), line.end(), [](char c) { return (c & 0x80) != 0; });
  if (bad == line.end()) return;
  std::array<char, 128> message{};
  std::snprintf(message.data(), message.size(),
                "'ascii' codec can't decode byte 0x%02x in position %td: ordinal not in range(128)",
                static_cast<unsigned>(static_cast<unsigned char>(*bad)), bad - line.begin());
  throw ValueError(message.data());
}

std::string checked_hash(std::string_view word) {
  std::string hash = python::unquote(word);
  if (!is_object_hash(hash))
    throw ValueError("Invalid object hash " + python::repr_text(hash.substr(0, 1024)));
  return hash;
}

// The time in a percent-encoded word. Unlike headers, which are Latin-1, this is UTF-8 to Swift: it makes
// a difference to the message only, since no valid time has a letter in it that is not ASCII.
Timestamp parse_time(std::string_view word) {
  const std::string text = python::unquote(word);
  const std::string base = text.substr(0, text.find('_'));
  if (std::any_of(base.begin(), base.end(), [](char c) { return (c & 0x80) != 0; })) {
    throw ValueError("could not convert string to float: " + python::repr_text(base));
  }
  return Timestamp::parse(text);
}

// "<delta>[__<offset>]", hexadecimal, from the data's time without its offset.
Timestamp parse_delta(const Timestamp& data, std::string_view value) {
  const std::size_t separator = value.find("__");
  const std::int64_t delta = python::parse_int(value.substr(0, separator), 16);
  const std::string_view offset_text =
      separator == std::string_view::npos ? std::string_view() : value.substr(separator + 2);
  const std::int64_t offset = offset_text.empty() ? 0 : python::parse_int(offset_text, 16);
  if (offset < 0) throw ValueError("offset must be non-negative");
  const Timestamp base = Timestamp::from_raw(data.raw());
  const Timestamp moved = delta == 0 ? base : base.moved_by(delta);
  return Timestamp::from_raw(moved.raw(), static_cast<std::uint64_t>(offset));
}

void parse_item(std::string_view item, Offer& offer) {
  const std::size_t colon = item.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view key = item.substr(0, colon);
  const std::string_view value = item.substr(colon + 1);
  if (value.find(':') != std::string_view::npos) throw ValueError("too many values to unpack (expected 2)");
  if (key == "m") {
    offer.meta = parse_delta(offer.data, value);
  } else if (key == "t") {
    offer.content_type = parse_delta(offer.data, value);
  } else if (key == "durable") {
    offer.durable = python::is_true(value);
  }
}

struct FoundObject {
  LocalObject times;
  // The offered fragment, if it is here, not durable, and newer than all that is durable here.
  std::optional<Fragment> undecided;
};

FragmentRequest fragment_request(const Partition& partition,
                                 const std::optional<std::int64_t>& fragment_index) {
  if (partition.policy.type != PolicyType::erasure_coding || !fragment_index) return {};
  return {.fragment_index =
              parse_fragment_index(std::to_string(*fragment_index), &partition.policy.erasure_coding)};
}

LocalObject times_of(const DiskFile& file, OpenOutcome outcome) {
  switch (outcome) {
    case OpenOutcome::open:
    case OpenOutcome::expired:
      return {file.data_timestamp(), file.timestamp(), file.content_type_timestamp()};
    case OpenOutcome::deleted:
      return {file.deleted_timestamp(), std::nullopt, std::nullopt};
    default:
      return {};
  }
}

bool holds_undecided(const ObjectFiles& files, const Timestamp& time, int fragment_index) {
  if (files.durable_timestamp && *files.durable_timestamp >= time) return false;
  const auto set = files.fragments.find(time);
  return set != files.fragments.end() &&
         std::any_of(set->second.begin(), set->second.end(),
                     [&](const ObjectFile& file) { return file.fragment_index == fragment_index; });
}

// The file that sorts first in a hash directory, which says what object it is.
struct FirstFile {
  std::string name;
  Fd file;  // empty if it cannot be opened
  MetadataRead read;

  // names are those in hash_dir, in reverse order. Relative to directory, which is hash_dir, if it is open.
  static FirstFile read_from(const std::string& hash_dir, const std::vector<std::string>& names,
                             const Fd& directory = {}) {
    FirstFile first{.name = names.back(), .file = {}, .read = {}};
    constexpr int kFlags = O_RDONLY | O_NONBLOCK;
    const std::string path = hash_dir + "/" + first.name;
    first.file = directory ? open_file_at(directory.get(), first.name, kFlags) : open_file(path, kFlags);
    // What cannot be opened, a socket for instance, still has extended attributes.
    first.read = first.file ? read_metadata(first.file.get(), path) : read_metadata(path);
    return first;
  }

  [[nodiscard]] std::optional<ObjectName> object_name() const {
    const std::string* stored = read.metadata.find("name");
    return ObjectName::parse(stored == nullptr ? "" : *stored);
  }
  SeenFiles seen(std::vector<std::string> names) && {
    return {.names = std::move(names),
            .file_name = std::move(name),
            .file = std::move(file),
            .metadata = std::move(read.metadata)};
  }
};

FoundObject find_object(const Partition& partition, const Offer& offer,
                        const std::optional<std::int64_t>& fragment_index) {
  const std::string hash_dir = partition.hash_dir(offer.object_hash);
  std::vector<std::string> names;
  try {
    names = clean_up_hash_dir(partition, hash_dir).names;
  } catch (const OsError& error) {
    quarantine_unlistable(partition, hash_dir, error.code());
    return {};
  }
  if (names.empty()) return {};
  FirstFile first = FirstFile::read_from(hash_dir, names);
  switch (first.read.fault) {
    case MetadataFault::none:
      break;
    case MetadataFault::missing:
    case MetadataFault::no_file:
      return {};
    default:
      throw std::runtime_error(first.read.message);
  }
  const auto name = first.object_name();
  if (!name) return {};

  const FragmentRequest request = fragment_request(partition, fragment_index);
  DiskFile file(partition, *name, request);
  OpenOutcome outcome;
  if (first.file && file.hash_dir() == hash_dir) {
    outcome = file.open(ExpiredObjects::open, 0, std::move(first).seen(std::move(names)));
  } else {
    outcome = file.open(ExpiredObjects::open, 0);
  }
  // Swift asks for the time of the data also if the rest was damaged, and fails if there is none.
  if (partition.policy.type == PolicyType::replication && !file.data_metadata().items().empty()) {
    static_cast<void>(file.data_timestamp());
  }
  FoundObject found{.times = times_of(file, outcome), .undecided = std::nullopt};
  if (request.fragment_index && file.files() != nullptr &&
      holds_undecided(*file.files(), offer.data, *request.fragment_index)) {
    found.undecided =
        Fragment{.hash_dir = file.hash_dir(), .timestamp = offer.data, .index = *request.fragment_index};
  }
  return found;
}

}  // namespace

Offer parse_offer(std::string_view line) {
  require_ascii(line);
  const std::vector<std::string_view> words = python::split_words(line, 3);
  if (words.size() < 2) throw ValueError("list index out of range");
  Offer offer;
  offer.data = parse_time(words[1]);
  offer.meta = offer.content_type = offer.data;
  if (words.size() > 2) {
    const std::string items = python::unquote(words[2]);
    std::string_view rest = items;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      parse_item(rest.substr(0, comma), offer);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  offer.object_hash = checked_hash(words[0]);
  return offer;
}

Offer parse_offer_2013(std::string_view line) {
  require_ascii(line);
  const std::vector<std::string_view> words = python::split_words(line, 3);
  if (words.size() > 2) throw ValueError("too many values to unpack (expected 2)");
  if (words.size() < 2) {
    throw ValueError("not enough values to unpack (expected 2, got " + std::to_string(words.size()) + ")");
  }
  Offer offer;
  offer.data = parse_time(words[1]);
  offer.meta = offer.content_type = offer.data;
  offer.object_hash = checked_hash(words[0]);
  return offer;
}

std::string_view wanted_parts(const Offer& offer, const LocalObject& local) {
  if (!local.data) return "dm";
  const bool data = offer.data > *local.data;
  const bool meta =
      (local.meta && offer.meta > *local.meta) ||
      (local.content_type && offer.content_type > *local.content_type && offer.content_type > offer.data);
  if (data) return meta ? "dm" : "d";
  return meta ? "m" : "";
}

bool wanted_2013(const Offer& offer, const LocalObject& local) {
  return !local.data || offer.data > local.meta.value_or(*local.data);
}

std::optional<LocalObject> peek(const Partition& partition, int partition_dir, const Offer& offer,
                                const std::optional<std::int64_t>& fragment_index) {
  try {
    const std::string hash_dir = partition.hash_dir(offer.object_hash);
    const Fd directory =
        open_file_at(partition_dir, Partition::hash_dir_within(offer.object_hash), O_RDONLY | O_DIRECTORY);
    if (!directory) return errno == ENOENT ? std::optional(LocalObject{}) : std::nullopt;
    std::optional<std::vector<std::string>> names = list_open_directory(directory.get(), hash_dir);
    if (!names) return LocalObject{};
    std::optional<CleanedHashDir> found = judged_clean(partition, hash_dir, *std::move(names));
    if (!found) return std::nullopt;
    FirstFile first = FirstFile::read_from(hash_dir, found->names, directory);
    if (!first.file || first.read.fault != MetadataFault::none) return std::nullopt;
    const auto name = first.object_name();
    if (!name) return std::nullopt;

    const FragmentRequest request = fragment_request(partition, fragment_index);
    DiskFile file(partition, *name, request, DamagedObjects::leave);
    if (file.hash_dir() != hash_dir) return std::nullopt;
    const OpenOutcome outcome =
        file.open(ExpiredObjects::open, 0, std::move(first).seen(std::move(found->names)));
    const bool is_known = outcome == OpenOutcome::open || outcome == OpenOutcome::deleted;
    if (!is_known || file.files() == nullptr) return std::nullopt;
    if (request.fragment_index && holds_undecided(*file.files(), offer.data, *request.fragment_index)) {
      return std::nullopt;
    }
    return times_of(file, outcome);
  } catch (const std::exception&) {
    // look_up() will meet it again, and report it.
    return std::nullopt;
  }
}

LocalObject look_up(const Partition& partition, const Offer& offer,
                    const std::optional<std::int64_t>& fragment_index) {
  FoundObject found = find_object(partition, offer, fragment_index);
  if (!found.undecided) return found.times;
  if (!offer.durable) {
    // What is durable here may be older; the fragment on offer is not wanted all the same.
    found.times.data = offer.data;
    return found.times;
  }
  try {
    commit_fragment(partition, *found.undecided);
    return find_object(partition, offer, fragment_index).times;
  } catch (const LockTimeout&) {
    throw;
  } catch (const std::exception& error) {
    // It is not worth a session: the sender is asked for the whole fragment.
    spdlog::error("Cannot make a fragment of {} durable: {}", found.undecided->hash_dir, error.what());
    return found.times;
  }
}

}  // namespace ssync
