#include "common/layout/object_files.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/repr.h"
#include "common/python/text.h"

namespace ssync {
namespace {

using Files = std::vector<ObjectFile>;
using FilesByExtension = std::map<std::string, Files, std::less<>>;

// As os.path.splitext: leading dots belong to the stem.
std::pair<std::string, std::string> split_extension(const std::string& name) {
  const std::size_t start = name.find_first_not_of('.');
  const std::size_t dot = name.rfind('.');
  if (start == std::string::npos || dot == std::string::npos || dot < start) return {name, ""};
  return {name.substr(0, dot), name.substr(dot)};
}

std::vector<std::string_view> split_at_hashes(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t hash = text.find('#'); hash != std::string_view::npos; hash = text.find('#')) {
    parts.push_back(text.substr(0, hash));
    text.remove_prefix(hash + 1);
  }
  parts.push_back(text);
  return parts;
}

// Time zero if the .meta has no content type timestamp.
Timestamp content_type_time(const ObjectFile& file) {
  return file.content_type_timestamp.value_or(Timestamp());
}

void sort_newest_first(Files& files, Files::iterator begin,
                       const std::function<Timestamp(const ObjectFile&)>& time) {
  std::stable_sort(begin, files.end(),
                   [&](const ObjectFile& a, const ObjectFile& b) { return time(a) > time(b); });
}

// files is ordered newest first: moves all from the first for which keep() is false to obsolete.
template <typename Keep>
void split_off(Files& files, Files& obsolete, Keep keep) {
  const auto first = std::find_if_not(files.begin(), files.end(), keep);
  obsolete.insert(obsolete.end(), std::make_move_iterator(first), std::make_move_iterator(files.end()));
  files.erase(first, files.end());
}

// Keeps the newest .meta, and the one with the newest content type if that is another one.
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

// Keeps the files of every kind that are not older than this time.
void drop_older(FilesByExtension& by_extension, const Timestamp& time, Files& obsolete) {
  for (auto& [extension, files] : by_extension) {
    split_off(files, obsolete, [&](const ObjectFile& file) { return file.timestamp >= time; });
  }
}

void append(Files& to, const Files& files) { to.insert(to.end(), files.begin(), files.end()); }

void choose_data(FilesByExtension& by_extension, ObjectFiles& result) {
  const Files& data = by_extension[".data"];
  if (data.empty()) {
    append(result.possible_reclaim, by_extension[".meta"]);
    return;
  }
  result.data = data.front();
  const Timestamp written = data.front().timestamp;
  for (auto& [extension, files] : by_extension) {
    const bool is_data = extension == ".data";
    split_off(files, result.obsolete, [&](const ObjectFile& file) {
      return is_data ? file.timestamp >= written : file.timestamp > written;
    });
  }
}

// The fragments of one time, ordered by index.
using FragmentSet = Files;

// Sorts the .data files into sets, newest first, up to the durable one. Returns the durable set, if there is
// one, and updates durable_time from that of the newest .durable to the newest durable time.
FragmentSet* sort_fragments(const Files& data, std::map<Timestamp, FragmentSet>& sets,
                            std::optional<Timestamp>& durable_time) {
  for (auto begin = data.begin(); begin != data.end();) {
    const Timestamp time = begin->timestamp;
    const auto end =
        std::find_if(begin, data.end(), [&](const ObjectFile& file) { return file.timestamp != time; });
    FragmentSet& set = sets[time];
    set.assign(begin, end);
    begin = end;
    std::stable_sort(set.begin(), set.end(), [](const ObjectFile& a, const ObjectFile& b) {
      return a.fragment_index < b.fragment_index;
    });
    const bool marked =
        std::any_of(set.begin(), set.end(), [](const ObjectFile& file) { return file.durable; });
    if (marked && (!durable_time || *durable_time < time)) durable_time = time;
    if (durable_time == time) {
      // One mark, in a name or by a .durable, makes all fragments of its time durable.
      for (ObjectFile& file : set) file.durable = true;
      return &set;
    }
  }
  return nullptr;
}

struct FragmentChoice {
  const FragmentSet* set = nullptr;
  std::optional<int> index;  // none: the highest
};

FragmentChoice choose_by_preferences(const std::map<Timestamp, FragmentSet>& sets,
                                     const std::vector<FragmentPreference>& preferences,
                                     const std::optional<int>& fragment_index) {
  std::set<Timestamp> refused;
  for (const FragmentPreference& preference : preferences) {
    const auto found = sets.find(preference.timestamp);
    if (found == sets.end()) continue;
    const FragmentSet& set = found->second;
    const auto& excluded = preference.exclude;
    const auto highest = std::find_if(set.rbegin(), set.rend(), [&](const ObjectFile& file) {
      return std::find(excluded.begin(), excluded.end(), file.fragment_index) == excluded.end();
    });
    if (highest != set.rend()) return {&set, highest->fragment_index};
    refused.insert(preference.timestamp);
  }
  const auto newest = std::find_if(sets.rbegin(), sets.rend(),
                                   [&](const auto& entry) { return !refused.contains(entry.first); });
  return {newest == sets.rend() ? nullptr : &newest->second, fragment_index};
}

void choose_fragment(FilesByExtension& by_extension, const FragmentRequest& request, ObjectFiles& result) {
  // Older versions of Swift marked durability with a separate file.
  Files& marks = by_extension[".durable"];
  std::optional<Timestamp> durable_time;
  if (!marks.empty()) durable_time = marks.front().timestamp;
  const FragmentSet* durable_set = sort_fragments(by_extension[".data"], result.fragments, durable_time);

  const FragmentChoice choice =
      request.preferences
          ? choose_by_preferences(result.fragments, *request.preferences, request.fragment_index)
          : FragmentChoice{durable_set, request.fragment_index};
  if (choice.set != nullptr) {
    const FragmentSet& set = *choice.set;
    const auto chosen =
        choice.index
            ? std::find_if(set.begin(), set.end(),
                           [&](const ObjectFile& file) { return file.fragment_index == choice.index; })
            : set.end() - 1;
    if (chosen != set.end()) result.data = *chosen;
  }
  Files& metas = by_extension[".meta"];
  if (result.data) {
    if (durable_set != nullptr) result.durable_timestamp = durable_time;
    if (choice.set != durable_set) {
      // Neither for this data nor obsolete: they belong to the durable data, which another request may
      // choose.
      std::erase_if(metas, [&](const ObjectFile& file) { return file.timestamp <= result.data->timestamp; });
    }
  }

  if (durable_set == nullptr) result.lone_marks = marks;
  if (durable_time) drop_older(by_extension, *durable_time, result.obsolete);
  if (durable_set == nullptr) {
    append(result.obsolete, marks);
    append(result.possible_reclaim, metas);
  }
  for (const auto& [time, set] : result.fragments) {
    if (&set != durable_set && &set != choice.set) append(result.possible_reclaim, set);
  }
}

}  // namespace

int parse_fragment_index(std::string_view text, const ErasureCoding* policy) {
  // Python decodes names as UTF-8, and its int() treats a no-break space as white space.
  const std::optional<std::string> latin1 = python::utf8_to_latin1(text);
  python::Integer number;
  try {
    if (!latin1) throw ValueError("invalid literal for int() with base 10: " + python::repr_text(text));
    number = python::parse_integer(*latin1, 10);
  } catch (const ValueError& error) {
    throw ValueError("Bad fragment index: " + std::string(text) + ": " + error.what());
  }
  if (number.negative && number.magnitude != 0) {
    throw ValueError("Fragment index must not be negative: -" + std::to_string(number.magnitude));
  }
  if (policy != nullptr) {
    const int unique_fragments = policy->data_fragments + policy->parity_fragments;
    if (std::cmp_greater_equal(number.magnitude, unique_fragments)) {
      throw ValueError("Fragment index must be less than " + std::to_string(unique_fragments) + " for a " +
                       std::to_string(policy->data_fragments) + "+" +
                       std::to_string(policy->parity_fragments) +
                       " policy: " + std::to_string(number.magnitude));
    }
  }
  constexpr int kLargest = std::numeric_limits<int>::max();
  return std::cmp_greater(number.magnitude, kLargest) ? kLargest : static_cast<int>(number.magnitude);
}

ObjectFile parse_object_file(const std::string& name, PolicyType type, const ErasureCoding* policy) {
  auto [stem, extension] = split_extension(name);
  ObjectFile file;
  if (extension == ".meta") {
    std::tie(file.timestamp, file.content_type_timestamp) = decode_timestamp_pair(stem);
  } else if (extension == ".data" && type == PolicyType::erasure_coding) {
    const std::vector<std::string_view> parts = split_at_hashes(stem);
    file.timestamp = Timestamp::parse(parts[0]);
    file.fragment_index = parse_fragment_index(parts.size() > 1 ? parts[1] : "None", policy);
    file.durable = parts.size() > 2 && parts[2] == "d";
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

ObjectFiles choose_object_files(std::vector<std::string> names, PolicyType type,
                                const FragmentRequest& request) {
  ObjectFiles result;
  // A shortcut for the common case, as there may be millions of objects.
  if (type == PolicyType::replication && names.size() == 1 && names.front().ends_with(".data")) {
    try {
      result.data = parse_object_file(names.front());
    } catch (const ValueError&) {
      result.unexpected = std::move(names);
    }
    return result;
  }
  FilesByExtension by_extension;
  // Equal times are ordered by name, so that the result does not depend on the directory's order.
  std::sort(names.begin(), names.end(), std::greater<>());
  for (std::string& name : names) {
    try {
      ObjectFile file = parse_object_file(name, type, request.policy);
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
  if (type == PolicyType::erasure_coding) {
    choose_fragment(by_extension, request, result);
  } else {
    choose_data(by_extension, result);
  }

  if (result.data) {
    if (!metas.empty()) {
      result.meta = metas.front();
      const ObjectFile& last = metas.back();
      const Timestamp& written = result.data->timestamp;
      if (last.content_type_timestamp && *last.content_type_timestamp > written) result.content_type = last;
    }
  } else if (!tombstones.empty()) {
    result.tombstone = tombstones.front();
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

std::string make_fragment_name(const Timestamp& timestamp, int fragment_index, Durability durability) {
  const std::string index = std::to_string(fragment_index);
  static_cast<void>(parse_fragment_index(index));
  return timestamp.internal() + "#" + index + (durability == Durability::durable ? "#d.data" : ".data");
}

}  // namespace ssync
