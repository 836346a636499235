#include "worker/replicator/worker_processes.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/layout/timestamp.h"
#include "common/os/blocked_signals.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "worker/replicator/bandwidth_limits.h"
#include "worker/replicator/pass_recon.h"
#include "worker/replicator/recon_cache.h"

namespace ssync {
namespace {

// DaemonStrategy looks as often.
constexpr timespec kBetweenLooks{.tv_sec = 5, .tv_nsec = 0};

// Of devices, for one process.
struct Group {
  std::size_t number;
  std::set<std::string> devices;
};

// swift.common.utils.distribute_evenly
std::vector<Group> distribute_evenly(const std::set<std::string>& devices, std::size_t groups) {
  std::vector<Group> result(std::min(groups, devices.size()));
  for (std::size_t number = 0; number < result.size(); ++number) result[number].number = number;
  std::size_t next = 0;
  for (const std::string& device : devices) result[next++ % result.size()].devices.insert(device);
  return result;
}

class Workers {
 public:
  Workers(DaemonTask task, RunMode mode)
      : task_(std::move(task)), mode_(mode), asked_for_(task_.scope.devices) {}

  int run() {
    distribute();
    // A pass of this process, as in Swift: it says what it does not find.
    if (mode_ == RunMode::once && waiting_.empty()) return serve();
    start_missing();
    auto next_report = Clock::now();
    for (;;) {
      const int signal = ::sigtimedwait(&signals_, nullptr, &kBetweenLooks);
      if (signal == SIGTERM || signal == SIGINT) {
        end_all();
        return 0;
      }
      reap();
      if (mode_ == RunMode::once) {
        if (running_.empty()) break;
        continue;
      }
      if (has_other_devices()) {
        log::info("This node's devices have changed in the rings; starting its processes anew");
        end_all();
        distribute();
      }
      start_missing();
      if (Clock::now() >= next_report) {
        next_report =
            Clock::now() +
            std::chrono::seconds(static_cast<std::int64_t>(std::max(task_.settings.stats_interval, 1.0)));
        report();
      }
    }
    if (task_.report != PassReport::none) report();
    return has_any_failed_ ? 1 : 0;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void distribute() {
    devices_ = local_devices(task_.rings, task_.settings);
    std::set<std::string> chosen = devices_;
    if (asked_for_) {
      std::erase_if(chosen, [&](const std::string& device) { return !asked_for_->contains(device); });
    }
    waiting_ = distribute_evenly(chosen, static_cast<std::size_t>(task_.settings.replicator_workers));
    task_.processes = std::max<std::size_t>(waiting_.size(), 1);
    if (mode_ == RunMode::forever && waiting_.empty()) {
      log::error(
          "Can't find itself in any policy with ring_ip {} and port {} in ring files, not replicating until "
          "they change",
          task_.settings.ring_ip, ring_port_text(task_.settings));
    }
    if (task_.settings.bandwidth_per_peer != 0 && task_.processes > 1) {
      log::info("ssync_bandwidth_per_peer: each of {} processes has {} bytes per second of it",
                task_.processes, bandwidth_per_peer_of_each(task_.settings, task_.processes));
    }
  }

  void start_missing() {
    while (!waiting_.empty()) {
      Group group = std::move(waiting_.back());
      waiting_.pop_back();
      start(std::move(group));
    }
  }

  void start(Group group) {
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) throw_os_error("fork");
    if (pid != 0) {
      running_.emplace(pid, std::move(group));
      return;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) std::_Exit(0);
    task_.process = group.number;
    task_.scope.devices = std::move(group.devices);
    if (task_.report != PassReport::none) task_.report = PassReport::of_each_device;
    std::_Exit(serve());
  }

  // The whole life of a child.
  int serve() {
    int status = 0;
    try {
      const Interruption interruption;
      ::pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
      if (mode_ == RunMode::once) {
        replicate_once(task_, interruption);
      } else {
        replicate_forever(task_, interruption);
      }
    } catch (const Interrupted&) {
      // Asked to end.
    } catch (const std::exception& error) {
      log::critical("{}", error.what());
      status = 1;
    }
    log::flush();
    return status;
  }

  void reap() {
    for (auto at = running_.begin(); at != running_.end();) {
      int status = 0;
      const pid_t pid = ::waitpid(at->first, &status, WNOHANG);
      if (pid == 0 || (pid < 0 && errno == EINTR)) {
        ++at;
        continue;
      }
      const bool has_failed = pid < 0 || status != 0;
      if (mode_ == RunMode::forever || has_failed) log::warning("Worker {} died", at->first);
      if (mode_ == RunMode::forever) waiting_.push_back(std::move(at->second));
      has_any_failed_ = has_any_failed_ || has_failed;
      at = running_.erase(at);
    }
  }

  void end_all() {
    for (const auto& [pid, group] : running_) ::kill(pid, SIGTERM);
    for (const auto& [pid, group] : running_) {
      while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    running_.clear();
    waiting_.clear();
  }

  // The rings are read again only here: a change of them counts when it is a change of the devices.
  bool has_other_devices() {
    bool is_new = false;
    for (const auto& [index, ring] : task_.rings) is_new = ring->reload() || is_new;
    return is_new && local_devices(task_.rings, task_.settings) != devices_;
  }

  void report() const {
    const std::string path = recon_path(task_.settings);
    dump_recon_cache(aggregated_recon(load_recon_cache(path), devices_), path);
  }

  DaemonTask task_;
  RunMode mode_;
  std::optional<std::set<std::string>> asked_for_;
  // Blocked before the first child, which are to notice none of them until they can handle it.
  const BlockedSignals blocked_{SIGTERM, SIGINT, SIGCHLD};
  const sigset_t signals_ = signal_set({SIGTERM, SIGINT, SIGCHLD});
  std::set<std::string> devices_;
  std::vector<Group> waiting_;
  std::map<pid_t, Group> running_;
  bool has_any_failed_ = false;
};

}  // namespace

int run_worker_processes(DaemonTask task, RunMode mode) { return Workers(std::move(task), mode).run(); }

}  // namespace ssync
