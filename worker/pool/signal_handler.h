// Signal handlers.
#pragma once

#include <csignal>

namespace ssync {

// Without SA_RESTART: a blocked system call returns EINTR after the handler. handler may be SIG_DFL or
// SIG_IGN.
inline void handle_signal(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(signal, &action, nullptr);
}

}  // namespace ssync
