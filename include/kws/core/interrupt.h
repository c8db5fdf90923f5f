#pragma once

namespace kws {

/// Makes SIGINT and SIGTERM set a flag instead of ending the process; a second signal ends it at once.
void catch_interrupts();

/// True once the user has asked us to stop. Long loops ask it once per step and then leave a usable state.
[[nodiscard]] bool interrupted() noexcept;

}  // namespace kws
