// Reports passes as a replicator does: each line of standard input is a JSON list [WHAT, ARGUMENT…], each
// line of standard output what came of it, as JSON.
//
// ["lines", [[STATS, JOBS, ELAPSED, TIMES], …]] of one pass: its lines in the log, each time it is asked.
// ["dump", PATH, UPDATE]: null, and the update is in the file.
// ["pass", STATS, TIME, MINUTES], ["per_disk", {DEVICE: STATS}, TIME, MINUTES], ["aggregated", PATH, [DEVICE,
// …]]: the update.
#include <cstdio>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "worker/replicator/pass_recon.h"
#include "worker/replicator/pass_stats.h"
#include "worker/replicator/recon_cache.h"
#include "worker/replicator/stats_lines.h"

namespace ssync {
namespace {

Json lines_of_pass(const Json& moments) {
  StatsLines lines;
  Json all = Json::array();
  for (const Json& moment : moments) {
    all.push_back(lines.lines(stats_from_recon(moment[0]), moment[1].get<std::uint64_t>(),
                              moment[2].get<double>(), moment[3].get<std::vector<double>>()));
  }
  return all;
}

PassEnd end_of(const Json& call) { return {call[2].get<double>(), call[3].get<double>()}; }

Json per_disk(const Json& call) {
  std::map<std::string, PassStats> stats;
  for (const auto& [device, values] : call[1].items()) stats[device] = stats_from_recon(values);
  return pass_recon_per_disk(stats, end_of(call));
}

Json answer(const Json& call) {
  const auto what = call[0].get<std::string>();
  if (what == "lines") return lines_of_pass(call[1]);
  if (what == "pass") return pass_recon(stats_from_recon(call[1]), end_of(call));
  if (what == "per_disk") return per_disk(call);
  const auto path = call[1].get<std::string>();
  if (what == "aggregated") {
    const auto devices = call[2].get<std::vector<std::string>>();
    return aggregated_recon(load_recon_cache(path), {devices.begin(), devices.end()});
  }
  dump_recon_cache(call[2], path);
  return nullptr;
}

}  // namespace
}  // namespace ssync

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::puts(ssync::json_text(ssync::answer(ssync::parse_json(line))).c_str());
  }
}
