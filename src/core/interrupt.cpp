#include "kws/core/interrupt.h"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>

namespace kws {

namespace {
// The one global of the program: a signal handler can reach nothing else. When the first signal came; 0: none has.
std::atomic<std::int64_t> g_interrupted_ms = 0;
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "a handler may not wait for a lock");

/// `timeout` and some launchers signal the process and then its whole group; nobody presses Ctrl-C twice this quickly.
constexpr std::int64_t kOneRequestMs = 150;

void on_signal(int signal) {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  const std::int64_t now = 1 + std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
  std::int64_t first = 0;
  if (g_interrupted_ms.compare_exchange_strong(first, now) || now - first < kOneRequestMs) return;
  std::signal(signal, SIG_DFL);
  std::raise(signal);
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

bool interrupted() noexcept { return g_interrupted_ms.load(std::memory_order_relaxed) != 0; }

void throw_if_interrupted() {
  if (interrupted()) throw Cancelled();
}

}  // namespace kws
