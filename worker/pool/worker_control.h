// The interface between the pool and its workers.
#pragma once

#include <functional>

#include "common/config/configuration.h"
#include "worker/pool/board.h"

namespace ssync {

// The pool as seen by a worker.
class WorkerControl {
 public:
  // True when this worker must not accept another request (SIGQUIT, or SIGHUP to the master).
  [[nodiscard]] virtual bool draining() const = 0;
  // True when this worker has to abort its session now (SIGTERM, or the master died).
  [[nodiscard]] virtual bool stopping() const = 0;
  // Waits until listening_fd is readable or draining() or stopping() is true. No signal is missed between the
  // test and the wait. The same listening_fd each time.
  virtual void wait_for_request(int listening_fd) = 0;
  virtual ~WorkerControl() = default;
};

// Calls serve_one() for each request that waits, until the process is told to end.
template <typename ServeOne>
void serve_until_told(WorkerControl& control, int listening_fd, const ServeOne& serve_one) {
  for (;;) {
    control.wait_for_request(listening_fd);
    if (control.stopping() || control.draining()) return;
    serve_one();
  }
}

// Serves requests on listening_fd (non-blocking) until control.draining() or stopping(), and says on the
// board what it does: once its phase is no longer `starting`, it counts as started. Returns the process's
// exit status.
using WorkerMain = std::function<int(const Configuration&, int listening_fd, BoardPlace&, WorkerControl&)>;

}  // namespace ssync
