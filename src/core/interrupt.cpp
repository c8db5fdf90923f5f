#include "kws/core/interrupt.h"

#include <csignal>

namespace kws {

namespace {
// The one global of the program: a signal handler can reach nothing else.
volatile std::sig_atomic_t g_interrupted = 0;

void on_signal(int signal) {
  if (g_interrupted != 0) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  g_interrupted = 1;
}
}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() noexcept { return g_interrupted != 0; }

}  // namespace kws
