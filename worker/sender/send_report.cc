#include "worker/sender/send_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace ssync {
namespace {

using Phase = SenderProgress::Phase;

constexpr auto kDrawnEvery = std::chrono::milliseconds(200);
// Reading the clock for each of a million lines would be slow.
constexpr unsigned kCallsToALook = 64;

double objects_per_second(const SendReport& report) {
  return report.seconds > 0 ? static_cast<double>(report.progress.offered) / report.seconds : 0;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::uint64_t kKibi = 1024;
  if (bytes < kKibi) return fmt::format("{} bytes", bytes);
  auto amount = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* larger : {"KiB", "MiB", "GiB", "TiB"}) {
    if (amount < kKibi) break;
    amount /= kKibi;
    unit = larger;
  }
  return fmt::format("{:.1f} {}", amount, unit);
}

// The number of failures in the receiver's error; 0 if it has none.
std::uint64_t failures_told(const std::string& words) {
  const std::size_t at = words.find(" failures to ");
  if (at == std::string::npos) return 0;
  std::size_t begin = at;
  while (begin > 0 && words[begin - 1] >= '0' && words[begin - 1] <= '9') --begin;
  std::uint64_t count = 0;
  std::from_chars(words.data() + begin, words.data() + at, count);
  return count;
}

}  // namespace

std::uint64_t failures_of(const UpdateCounts& updates, const std::string& words) {
  const std::uint64_t told = failures_told(words);
  return updates.failed + (told > updates.spoiled ? told - updates.spoiled : 0);
}

std::string json_of(const SendReport& report) {
  const UpdateCounts& updates = report.progress.updates;
  nlohmann::ordered_json json;
  json["offered"] = report.progress.offered;
  json["wanted"] = report.progress.wanted;
  json["put"] = updates.put;
  json["post"] = updates.post;
  json["delete"] = updates.deleted;
  json["bytes"] = updates.bytes;
  json["skipped"] = updates.skipped;
  json["failed"] = report.failed;
  json["dry_run"] = report.dry_run;
  json["missing_check_seconds"] = report.progress.missing_check_seconds;
  json["updates_seconds"] = report.progress.updates_seconds;
  json["seconds"] = report.seconds;
  json["objects_per_second"] = objects_per_second(report);
  json["cpu_seconds"] = report.cpu_seconds;
  json["status"] = report.status ? nlohmann::ordered_json(*report.status) : nlohmann::ordered_json(nullptr);
  // The receiver's text may not be UTF-8.
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string summary_of(const SendReport& report) {
  const SenderProgress& progress = report.progress;
  const UpdateCounts& updates = progress.updates;
  std::string line = fmt::format("{} offered, {} in sync, {} wanted; {}{} PUT, {} POST, {} DELETE, {}",
                                 progress.offered, progress.offered - progress.wanted, progress.wanted,
                                 report.dry_run ? "to send: " : "sent: ", updates.put, updates.post,
                                 updates.deleted, bytes_text(updates.bytes));
  if (updates.skipped != 0) line += fmt::format("; {} vanished", updates.skipped);
  if (report.failed != 0) line += fmt::format("; {} FAILED", report.failed);
  return line + fmt::format("; {:.2f} s, {:.0f} objects/s", report.seconds, objects_per_second(report));
}

ProgressLine::ProgressLine() : is_terminal_(::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(const SenderProgress& progress) {
  if (!is_terminal_ || (progress.phase == phase_ && ++calls_ % kCallsToALook != 0)) return;
  const auto now = Clock::now();
  if (progress.phase == phase_ && now - drawn_at_ < kDrawnEvery) return;
  phase_ = progress.phase;
  drawn_at_ = now;
  if (phase_ == Phase::connecting || phase_ == Phase::done) {
    clear();
    return;
  }
  constexpr std::size_t kBarWidth = 20;
  const auto filled = static_cast<std::size_t>(progress.share * kBarWidth);
  const std::string bar = std::string(filled, '#') + std::string(kBarWidth - filled, '.');
  std::string line;
  if (phase_ == Phase::answer) {
    line = fmt::format("missing check: {} offered, awaiting the answer", progress.offered);
  } else if (phase_ == Phase::missing_check) {
    line = fmt::format("missing check [{}] {} offered", bar, progress.offered);
  } else {
    line = fmt::format("updates [{}] {} wanted, {} sent", bar, progress.wanted,
                       bytes_text(progress.updates.bytes));
  }
  is_drawn_ = true;
  static_cast<void>(std::fputs(("\r" + line + "\x1b[K").c_str(), stderr));
}

void ProgressLine::clear() {
  if (!is_drawn_) return;
  is_drawn_ = false;
  static_cast<void>(std::fputs("\r\x1b[K", stderr));
}

}  // namespace ssync
