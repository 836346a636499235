// The choice among the names in a hash directory, for both types of policy.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/layout/object_files.h"
#include "common/os/path.h"
#include "common/python/errors.h"
#include "tests/fuzz/require.h"

namespace ssync {
namespace {

using Names = std::set<std::string>;

struct Case {
  PolicyType type = PolicyType::replication;
  FragmentRequest request;
  std::vector<std::string> names;  // each once
};

const ErasureCoding& two_and_one() {
  static const ErasureCoding policy{.ec_type = "x", .data_fragments = 2, .parity_fragments = 1};
  return policy;
}

Timestamp some_time(FuzzedDataProvider& input) {
  return Timestamp::from_raw(170'000'000'000'000 + input.ConsumeIntegralInRange(0, 4),
                             input.ConsumeIntegralInRange(0U, 2U));
}

// A name that Swift could have made, of one of a few times.
std::string composed_name(FuzzedDataProvider& input) {
  const Timestamp time = some_time(input);
  switch (input.ConsumeIntegralInRange(0, 5)) {
    case 0:
      return make_file_name(time, ".data");
    case 1:
      return make_file_name(time, ".ts");
    case 2:
      return make_file_name(time, ".meta");
    case 3:
      return make_file_name(time, ".meta", some_time(input));
    case 4:
      return make_file_name(time, ".durable");
    default:
      return make_fragment_name(time, input.ConsumeIntegralInRange(0, 3),
                                input.ConsumeBool() ? Durability::durable : Durability::undecided);
  }
}

FragmentRequest some_request(FuzzedDataProvider& input) {
  FragmentRequest request;
  if (input.ConsumeBool()) request.policy = &two_and_one();
  if (input.ConsumeBool()) request.fragment_index = input.ConsumeIntegralInRange(0, 3);
  if (!input.ConsumeBool()) return request;
  request.preferences.emplace();
  for (int left = input.ConsumeIntegralInRange(0, 3); left > 0; --left) {
    FragmentPreference preference{some_time(input), {}};
    for (int index = 0; index < 4; ++index) {
      if (input.ConsumeBool()) preference.exclude.push_back(index);
    }
    request.preferences->push_back(std::move(preference));
  }
  return request;
}

Case read_case(FuzzedDataProvider& input) {
  Case result;
  if (input.ConsumeBool()) result.type = PolicyType::erasure_coding;
  result.request = some_request(input);
  Names names;
  for (int left = input.ConsumeIntegralInRange(0, 12); left > 0; --left) names.insert(composed_name(input));
  const std::string rest = input.ConsumeRemainingBytesAsString();
  for (std::size_t begin = 0; begin < rest.size();) {
    // The only byte but NUL that no name has.
    const std::size_t end = std::min(rest.find('/', begin), rest.size());
    names.insert(rest.substr(begin, end - begin));
    begin = end + 1;
  }
  result.names.assign(names.begin(), names.end());
  return result;
}

std::optional<ObjectFile> parse_if_valid(const std::string& name, const Case& asked) {
  try {
    return parse_object_file(name, asked.type, asked.request.policy);
  } catch (const ValueError&) {
    return std::nullopt;
  }
}

std::string name_of(const std::optional<ObjectFile>& file) { return file ? file->name : "none"; }

Names chosen(const ObjectFiles& files) {
  Names names;
  for (const auto* file : {&files.data, &files.tombstone, &files.meta, &files.content_type}) {
    if (*file) names.insert((*file)->name);
  }
  return names;
}

Names names_of(const std::vector<ObjectFile>& files) {
  Names names;
  for (const ObjectFile& file : files) require(names.insert(file.name).second, "no file is listed twice");
  return names;
}

// Every list with its order, so that two choices compare as a whole.
std::string as_text(const ObjectFiles& files) {
  std::string text = name_of(files.data) + '/' + name_of(files.tombstone) + '/' + name_of(files.meta) + '/' +
                     name_of(files.content_type);
  const auto add = [&](const char* title, const std::vector<ObjectFile>& list) {
    text += title;
    for (const ObjectFile& file : list) text += '/' + file.name + (file.durable ? "/d" : "/");
  };
  add(" obsolete", files.obsolete);
  add(" reclaim", files.possible_reclaim);
  for (const auto& [time, set] : files.fragments) add(" set", set);
  text += files.durable_timestamp ? files.durable_timestamp->internal() : "none";
  for (const std::string& name : files.unexpected) text += '/' + name;
  return text;
}

void check_times(const ObjectFiles& files) {
  require(!files.data || !files.tombstone, "there is not both data and a tombstone");
  require(files.data || (!files.meta && !files.content_type), "there is no .meta without data");
  // Beside a durable fragment Swift also keeps a .meta of its very time.
  if (files.meta) {
    require(files.meta->timestamp >= files.data->timestamp, "the .meta is not older than the data");
  }
  if (files.content_type) {
    require(files.content_type->content_type_timestamp > files.data->timestamp,
            "the content type is newer than the data");
  }
}

// Where each name went. Swift drops without a word: extensions it does not know, marks of durability, a
// .meta that is kept for a content type which then is no newer than the data, the tombstone beside newer
// data that was preferred though not durable, and the data's own time spelled in another way.
void check_places(const Case& asked, const ObjectFiles& files) {
  const Names picked = chosen(files);
  const Names obsolete = names_of(files.obsolete);
  const Names reclaim = names_of(files.possible_reclaim);
  const Names unexpected(files.unexpected.begin(), files.unexpected.end());
  Names in_sets;
  for (const auto& [time, set] : files.fragments) {
    in_sets.merge(names_of(set));
    for (const ObjectFile& file : set) require(file.timestamp == time, "a set has one time");
  }
  bool has_mark = false;
  for (const std::string& name : asked.names) has_mark = has_mark || name.ends_with(".durable");
  std::size_t seen = 0;
  for (const std::string& name : asked.names) {
    const auto file = parse_if_valid(name, asked);
    require(unexpected.contains(name) == !file, "what cannot be parsed is unexpected, and nothing else");
    const bool is_picked = picked.contains(name);
    const bool is_obsolete = obsolete.contains(name);
    const bool is_reclaimed = reclaim.contains(name);
    // What is older than a lone .durable is obsolete as well, and a .meta beside a preferred fragment that
    // is not durable may be reclaimed with it.
    const bool in_two = (is_picked && is_obsolete) || (is_obsolete && is_reclaimed) ||
                        (is_picked && is_reclaimed && file->extension != ".meta");
    require(has_mark || !in_two, "a name is in one place only");
    const bool known =
        file && (file->extension == ".data" || (file->extension == ".ts" && !asked.request.preferences));
    const bool is_of_datas_time = file && files.data && file->timestamp == files.data->timestamp;
    require(!known || is_picked || is_obsolete || is_reclaimed || in_sets.contains(name) || is_of_datas_time,
            "data and tombstones are somewhere");
    seen += picked.count(name) + obsolete.count(name) + reclaim.count(name) + in_sets.count(name) +
            unexpected.count(name);
  }
  require(seen == picked.size() + obsolete.size() + reclaim.size() + in_sets.size() + unexpected.size(),
          "no name is made up");
}

void check_order_is_no_matter(const Case& asked, const std::string& expected, std::size_t seed) {
  std::vector<std::string> names = asked.names;
  std::shuffle(names.begin(), names.end(), std::minstd_rand(static_cast<unsigned>(seed)));
  require(as_text(choose_object_files(names, asked.type, asked.request)) == expected,
          "the order of names does not matter");
}

// As clean-up does it, without preferences: once the obsolete files are gone, all else is as it was.
void check_clean_up(const Case& asked) {
  const ObjectFiles files = choose_object_files(asked.names, asked.type);
  const Names obsolete = names_of(files.obsolete);
  std::vector<std::string> left;
  std::copy_if(asked.names.begin(), asked.names.end(), std::back_inserter(left),
               [&](const std::string& name) { return !obsolete.contains(name); });
  const ObjectFiles again = choose_object_files(left, asked.type);
  require(chosen(again) == chosen(files), "clean-up does not change what an object is");
  require(again.obsolete.empty(), "clean-up leaves nothing obsolete");
}

}  // namespace
}  // namespace ssync

// Input, from its end: type, request, how many composed names and which; what is left of it is names
// between slashes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssync;
  FuzzedDataProvider input(data, size);
  const Case asked = read_case(input);
  const ObjectFiles files = choose_object_files(asked.names, asked.type, asked.request);
  check_times(files);
  check_places(asked, files);
  check_order_is_no_matter(asked, as_text(files), size);
  check_clean_up(asked);
  return 0;
}
