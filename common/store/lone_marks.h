// The .durable files of old releases of Swift whose fragments have gone.
#pragma once

#include "common/layout/timestamp.h"
#include "common/store/disk_file.h"

namespace ssync {

// Removes the lone .durable files of an opened object that are newer than what is to be stored at this time:
// otherwise the clean-up after it, or any later one, would take what was stored for obsolete. Any clean-up
// removes them too. The caller syncs the hash directory, together with the name of what is stored. Throws
// OsError. (Swift answers success, and has removed what it stored.)
void remove_lone_marks(const DiskFile& file, const Timestamp& stored);

}  // namespace ssync
