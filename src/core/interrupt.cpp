#include "kws/core/interrupt.h"

#include <atomic>
#include <csignal>

namespace kws {

namespace {
// The one global of the program: a signal handler can reach nothing else.
std::atomic<bool> g_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a handler may not wait for a lock");

void on_signal(int signal) {
  if (g_interrupted.exchange(true)) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}
}  // namespace

void catch_interrupts() {
  // Without SA_RESTART: a read that waits for a microphone ends, too.
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
  struct sigaction hangup {};
  ::sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) ::sigaction(SIGHUP, &action, nullptr);  // nohup ignores it, and so do we
  std::signal(SIGXFSZ, SIG_IGN);                                            // the write reports it
}

bool interrupted() noexcept { return g_interrupted.load(std::memory_order_relaxed); }

void throw_if_interrupted() {
  if (interrupted()) throw Cancelled();
}

}  // namespace kws
