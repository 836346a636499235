#include "common/object_files.h"

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "common/errors.h"

namespace ssync {
namespace {

using Files = std::vector<ObjectFile>;

// As os.path.splitext: leading dots belong to the stem.
std::pair<std::string, std::string> split_extension(const std::string& name) {
  const std::size_t start = name.find_first_not_of('.');
  const std::size_t dot = name.rfind('.');
  if (start == std::string::npos || dot == std::string::npos || dot < start) return {name, ""};
  return {name.substr(0, dot), name.substr(dot)};
}

// Time zero where a .meta tells no content type's time.
Timestamp content_type_time(const ObjectFile& file) {
  return file.content_type_timestamp.value_or(Timestamp());
}

void sort_newest_first(Files& files, Files::iterator begin,
                       const std::function<Timestamp(const ObjectFile&)>& time) {
  std::stable_sort(begin, files.end(),
                   [&](const ObjectFile& a, const ObjectFile& b) { return time(a) > time(b); });
}

// files is ordered newest first: moves those from the first that keep() refuses on to obsolete.
template <typename Keep>
void split_off(Files& files, Files& obsolete, Keep keep) {
  const auto first = std::find_if_not(files.begin(), files.end(), keep);
  obsolete.insert(obsolete.end(), std::make_move_iterator(first), std::make_move_iterator(files.end()));
  files.erase(first, files.end());
}

// Keeps the newest .meta, and beside it the one with the newest content type if that is another.
void choose_metas(Files& metas, Files& obsolete) {
  if (metas.empty()) return;
  std::size_t retain = 1;
  if (metas.size() > 1) {
    sort_newest_first(metas, metas.begin() + 1, content_type_time);
    if (content_type_time(metas[1]) > content_type_time(metas[0])) {
      if (metas[1].timestamp == metas[0].timestamp) {
        std::swap(metas[0], metas[1]);
      } else {
        retain = 2;
      }
    }
  }
  const auto first = metas.begin() + static_cast<std::ptrdiff_t>(retain);
  obsolete.insert(obsolete.end(), first, metas.end());
  metas.erase(first, metas.end());
}

}  // namespace

ObjectFile parse_object_file(const std::string& name) {
  auto [stem, extension] = split_extension(name);
  ObjectFile file;
  if (extension == ".meta") {
    std::tie(file.timestamp, file.content_type_timestamp) = decode_timestamp_pair(stem);
  } else {
    file.timestamp = Timestamp::parse(stem);
  }
  file.name = name;
  file.extension = std::move(extension);
  return file;
}

bool is_rsync_temporary(std::string_view name) {
  // Python: re.match(r'^\..*\.([a-zA-Z0-9_]){6}$')
  if (name.size() < 8 || name.front() != '.' || name[name.size() - 7] != '.') return false;
  return std::all_of(name.end() - 6, name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

ObjectFiles choose_object_files(std::vector<std::string> names, PolicyType type) {
  if (type != PolicyType::replication) throw std::logic_error("only replication policies are served");
  ObjectFiles result;
  std::map<std::string, Files, std::less<>> by_extension;
  // Equal times are told apart by the name, so that the outcome never depends on the directory's order.
  std::sort(names.begin(), names.end(), std::greater<>());
  for (std::string& name : names) {
    try {
      ObjectFile file = parse_object_file(name);
      by_extension[file.extension].push_back(std::move(file));
    } catch (const ValueError&) {
      result.unexpected.push_back(std::move(name));
    }
  }
  for (auto& [extension, files] : by_extension) {
    sort_newest_first(files, files.begin(), [](const ObjectFile& file) { return file.timestamp; });
  }

  Files& tombstones = by_extension[".ts"];
  if (!tombstones.empty()) {
    const Timestamp deleted = tombstones.front().timestamp;
    for (auto& [extension, files] : by_extension) {
      if (extension == ".ts") continue;
      split_off(files, result.obsolete, [&](const ObjectFile& file) { return file.timestamp > deleted; });
    }
    result.obsolete.insert(result.obsolete.end(), tombstones.begin() + 1, tombstones.end());
    tombstones.resize(1);
  }

  Files& metas = by_extension[".meta"];
  choose_metas(metas, result.obsolete);

  Files& data = by_extension[".data"];
  if (!data.empty()) {
    const Timestamp written = data.front().timestamp;
    for (auto& [extension, files] : by_extension) {
      const bool is_data = extension == ".data";
      split_off(files, result.obsolete, [&](const ObjectFile& file) {
        return is_data ? file.timestamp >= written : file.timestamp > written;
      });
    }
    result.data = data.front();
    if (!metas.empty()) {
      result.meta = metas.front();
      const ObjectFile& last = metas.back();
      if (last.content_type_timestamp && *last.content_type_timestamp > written) result.content_type = last;
    }
  } else {
    result.possible_reclaim = metas;
    if (!tombstones.empty()) result.tombstone = tombstones.front();
  }
  return result;
}

std::string make_file_name(const Timestamp& timestamp, std::string_view extension,
                           const std::optional<Timestamp>& content_type_timestamp) {
  std::string name = extension == ".meta" && content_type_timestamp
                         ? encode_timestamp_pair(timestamp, *content_type_timestamp)
                         : timestamp.internal();
  return name.append(extension);
}

}  // namespace ssync
