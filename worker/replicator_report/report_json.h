// A report of ssync-replicator as JSON, written and read.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/replicator_report/replicator_report.h"

namespace ssync {

// One object, at most kLongestReport bytes: if they are more, peers and jobs at the ends of their lists are
// left out. Text that is not UTF-8 has U+FFFD for what is wrong, and control characters have blanks.
std::string report_text(ReplicatorReport report);

// What is of the right type among the fields that are known; the others have their defaults. Text and lists
// that are too long are cut, numbers are finite and not negative. nullopt for what is no JSON object, or
// longer than a report may be. Throws nothing: whoever writes this may mean harm.
std::optional<ReplicatorReport> parse_report(std::string_view text);

// Parts of a report as JSON.
nlohmann::json pass_json(const ReportedPass& pass);
nlohmann::json last_pass_json(const ReportedLastPass& pass);
nlohmann::json ring_changes_json(const ReportedRingChanges& changes);
nlohmann::json limits_json(const ReportedLimits& limits);
nlohmann::json devices_json(const std::vector<ReportedDevice>& devices);
nlohmann::json peers_json(const std::vector<ReportedPeer>& peers);
nlohmann::json jobs_json(const std::vector<ReportedJob>& jobs);

// Text as it may stand in a report: without control characters, and cut where a character begins.
std::string reported_text(std::string_view text, std::size_t most);

}  // namespace ssync
