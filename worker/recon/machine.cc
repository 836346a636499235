#include "worker/recon/machine.h"

#include <unistd.h>

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/python/number.h"
#include "common/python/text.h"

namespace ssync {
namespace {

std::vector<std::string_view> words_of(std::string_view text) {
  return python::split_words(text, std::numeric_limits<std::size_t>::max());
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

void require(bool condition, std::string_view what) {
  if (!condition) throw std::runtime_error("cannot make sense of " + std::string(what));
}

}  // namespace

Json load_average(std::string_view loadavg) {
  const auto words = words_of(loadavg);
  require(words.size() == 5, "/proc/loadavg");
  return {{"1m", python::parse_float(words[0])},
          {"5m", python::parse_float(words[1])},
          {"15m", python::parse_float(words[2])},
          {"tasks", std::string(words[3])},
          {"processes", python::parse_int(words[4], 10)}};
}

Json memory(std::string_view meminfo) {
  Json found = Json::object();
  for (const std::string_view line : lines_of(meminfo)) {
    const std::size_t colon = line.find(':');
    require(colon != std::string_view::npos, "/proc/meminfo");
    const std::string_view rest = line.substr(colon + 1);
    found[std::string(line.substr(0, colon))] = python::strip(rest.substr(0, rest.find(':')));
  }
  return found;
}

Json mounts(std::string_view mounts) {
  Json found = Json::array();
  for (const std::string_view line : lines_of(mounts)) {
    const auto words = words_of(line);
    require(words.size() == 6, "/proc/mounts");
    found.push_back({{"device", words[0]}, {"path", words[1]}});
  }
  return found;
}

Json sockets(std::string_view sockstat, std::string_view sockstat6) {
  Json found = Json::object();
  const auto number = [](const auto& words, std::size_t index) {
    require(index < words.size(), "/proc/net/sockstat");
    return python::parse_int(words[index], 10);
  };
  for (const std::string_view line : lines_of(sockstat)) {
    if (!line.starts_with("TCP: inuse")) continue;
    const auto words = words_of(line);
    found["tcp_in_use"] = number(words, 2);
    found["orphan"] = number(words, 4);
    found["time_wait"] = number(words, 6);
    found["tcp_mem_allocated_bytes"] = number(words, 10) * ::sysconf(_SC_PAGESIZE);
  }
  for (const std::string_view line : lines_of(sockstat6)) {
    if (line.starts_with("TCP6: inuse")) found["tcp6_in_use"] = number(words_of(line), 2);
  }
  return found;
}

}  // namespace ssync
