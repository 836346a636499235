#include "common/store/batch_publication.h"

#include "common/store/hash_dir_cleanup.h"

namespace ssync {

void BatchPublication::reveal() {
  file_->link();
  // Not directly after the sync: pages just written by another processor can only be dropped after a flush on
  // all processors, which takes longer than all other steps.
  file_->drop_pages();
  file_->close();
  if (!file_->is_fragment() || durability_ != Durability::durable) return;
  is_superseded_ = file_->rename_to_durable() == FragmentRename::superseded;
}

void BatchPublication::clean_up() const {
  const bool stays_undecided = file_->is_fragment() && durability_ == Durability::undecided;
  if (stays_undecided || is_superseded_) return;
  clean_up_around(file_->partition(), file_->hash_dir(), file_->file_name());
}

}  // namespace ssync
