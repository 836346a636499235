// A fast reader for the form of pickle that nearly all metadata have.
#pragma once

#include <optional>
#include <string_view>

#include "common/layout/metadata.h"

namespace ssync {

// Reads the output of Python 3's pickle.dumps(metadata, protocol=2) for a dictionary of bytes to bytes in
// which no object occurs twice; the result equals that of pickle::load(). nullopt for everything else, which
// the caller passes to pickle::load(): numbers, texts, other protocols, references to earlier values, more
// than about fifty items, duplicate names, damage.
std::optional<Metadata> read_plain_metadata(std::string_view pickled);

}  // namespace ssync
