// The two dialects of the protocol.
#pragma once

namespace ssync {

enum class Dialect {
  ssync,             // Swift 2.3 and later: data and metadata are requested separately
  replication_2013,  // Swift 1.11 to 2.2: bare hashes, PUT and DELETE only
};

}  // namespace ssync
