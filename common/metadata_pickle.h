// The one form of pickle that nearly all metadata have, read without building a tree of values.
#pragma once

#include <optional>
#include <string_view>

#include "common/metadata.h"

namespace ssync {

// The metadata in what pickle.dumps(metadata, protocol=2) of Python 3 gives for a dictionary of bytes to
// bytes with no object in it twice: the result is what pickle::load() and Metadata make of it. nullopt for
// everything else, which is pickle::load()'s to read or to refuse: numbers, texts, other protocols, what
// refers back to an earlier value, more than some fifty items, a name that comes twice, damage.
std::optional<Metadata> read_plain_metadata(std::string_view pickled);

}  // namespace ssync
