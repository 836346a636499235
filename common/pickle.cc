#include "common/pickle.h"

namespace ssync::pickle {

bool operator==(const Value& a, const Value& b) { return a.data == b.data; }

bool operator==(const Tuple& a, const Tuple& b) { return a.items == b.items; }

}  // namespace ssync::pickle
