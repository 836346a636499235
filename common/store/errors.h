// Errors of a full device and of damaged objects.
#pragma once

#include <stdexcept>

namespace ssync {

// The device is full, or writing would leave less free than fallocate_reserve (DiskFileNoSpace), or its file
// system has no extended attributes (DiskFileXattrNotSupported). Answered with 507.
class InsufficientStorage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The data read is damaged: a fragment archive that has been quarantined, or with DamagedObjects::leave any
// object.
class DamagedObject : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace ssync
