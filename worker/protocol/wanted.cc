#include "worker/protocol/wanted.h"

#include <vector>

#include "common/python/text.h"

namespace ssync {

WantedLine parse_wanted(std::string_view line) {
  const std::vector<std::string_view> words = python::split_words(line, 2);
  WantedLine wanted;
  if (!words.empty()) wanted.object_hash = words[0];
  if (words.size() > 1) {
    wanted.parts.data = words[1].find('d') != std::string_view::npos;
    wanted.parts.meta = words[1].find('m') != std::string_view::npos;
  }
  if (!wanted.parts.any()) wanted.parts.data = true;
  return wanted;
}

void append_wanted(const ObjectHash& hash, WantedParts parts, Dialect dialect, std::string& text) {
  append_object_hash(hash, text);
  if (dialect == Dialect::replication_2013) return;
  text.append(1, ' ');
  if (parts.data) text.append(1, 'd');
  if (parts.meta) text.append(1, 'm');
}

}  // namespace ssync
