#include "common/store/partition_listing.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "common/hashes/hashes_file.h"
#include "common/layout/object_name.h"
#include "common/os/directory.h"

namespace ssync {

PartitionListing::PartitionListing(const Partition& partition, std::vector<std::string> suffixes,
                                   FragmentRequest request, double now)
    : partition_(partition), suffixes_(std::move(suffixes)), request_(std::move(request)), now_(now) {
  if (partition.policy.type == PolicyType::erasure_coding) request_.policy = &partition.policy.erasure_coding;
  if (suffixes_.empty()) {
    suffixes_ = list_directory(partition.path());
    std::erase_if(suffixes_, [](const std::string& name) { return !is_suffix(name); });
  }
  std::sort(suffixes_.begin(), suffixes_.end());
}

void PartitionListing::list_suffix(const std::string& suffix) {
  hashes_ = list_directory_if_there(partition_.path() + "/" + suffix).value_or(std::vector<std::string>());
  std::erase_if(hashes_,
                [&](const std::string& name) { return !is_object_hash(name) || !name.ends_with(suffix); });
  std::sort(hashes_.begin(), hashes_.end(), std::greater<>());
}

bool PartitionListing::next(ListedObject& object) {
  for (;;) {
    if (hashes_.empty()) {
      if (suffix_ == suffixes_.size()) return false;
      list_suffix(suffixes_[suffix_++]);
      continue;
    }
    object.hash = std::move(hashes_.back());
    hashes_.pop_back();
    auto names = list_directory_if_there(partition_.hash_dir(object.hash));
    if (!names) continue;
    object.files = choose_object_files(*std::move(names), partition_.policy.type, request_);
    if (object.files.data) return true;
    if (object.files.tombstone && now_ - object.files.tombstone->timestamp.seconds() <=
                                      static_cast<double>(partition_.settings.reclaim_age)) {
      return true;
    }
  }
}

}  // namespace ssync
