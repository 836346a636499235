#include "worker/receiver/missing_check.h"

#include <cstddef>
#include <stdexcept>
#include <string_view>

#include "common/os/errors.h"
#include "common/python/text.h"
#include "worker/protocol/markers.h"
#include "worker/protocol/offer.h"
#include "worker/protocol/wanted.h"
#include "worker/receiver/look_up_queue.h"
#include "worker/receiver/missing_parts.h"

namespace ssync {
namespace {

void read_offers(const Session& session, RequestInput& input, LookUpQueue& queue, OfferedObjects& offered) {
  for (;;) {
    const std::string_view line = input.read_line("missing_check line");
    if (line.empty() || python::strip(line) == kMissingCheckEnd) return;
    const Offer offer = parse_offer(line, session.dialect);
    offered.add(offer.hash, session.tell_held);
    queue.add(offer);
    if (input.is_waiting()) queue.finish();
  }
}

}  // namespace

std::string wanted_lines(const Session& session, RequestInput& input, DiskThreads& threads,
                         OfferedObjects& offered, std::size_t max_bytes) {
  std::string lines;
  LookUpQueue queue(session.partition, session.frag_index, threads,
                    [&](const Offer& offer, const LocalObject& local) {
                      const WantedParts parts = missing_parts(offer, local, session.dialect);
                      if (!parts.any()) return;
                      offered.add_wanted();
                      if (!lines.empty()) lines += kLineEnd;
                      append_wanted(offer.hash, parts, session.dialect, lines);
                      if (lines.size() > max_bytes) {
                        throw std::length_error("too many objects are missing here for one session");
                      }
                    });
  try {
    read_offers(session, input, queue, offered);
  } catch (const Interrupted&) {
    throw;
  } catch (...) {
    // An error of an earlier offer takes precedence.
    queue.finish();
    throw;
  }
  queue.finish();
  return lines;
}

}  // namespace ssync
