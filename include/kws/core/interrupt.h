#pragma once

#include "kws/core/error.h"

namespace kws {

/// Makes SIGINT, SIGTERM and SIGHUP (a closed terminal) set a flag instead of ending the process; a second signal ends
/// it at once, unless it comes so soon after that both are one request. A file that grows beyond its limit becomes an
/// error of the write.
void catch_interrupts();

/// True once the user has asked us to stop. Long loops ask it once per step and then leave a usable state.
[[nodiscard]] bool interrupted() noexcept;

/// What ends work that has nothing to keep when the user asks for it.
class Cancelled : public Error {
 public:
  Cancelled() : Error("interrupted; run the same command again", Exit::interrupted) {}
};
/// For loops of such work: throws Cancelled once interrupted() is true.
void throw_if_interrupted();

}  // namespace kws
