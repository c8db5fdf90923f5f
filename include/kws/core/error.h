#pragma once

#include <stdexcept>
#include <string>

namespace kws {

/// Exit codes of the program; README lists them for users.
enum class Exit : int {
  done = 0,
  failed = 1,
  usage = 2,
  nothing_fits = 3,
  data = 4,
  over_budget = 5,
  store = 6,
  interrupted = 75,
};

/// What a user can mend. `what()` is one line: the thing, the fact, the way out.
/// Caught once, in `main`; a broken promise inside the program is an assertion instead.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& line, Exit exit_code = Exit::failed)
      : std::runtime_error(line), exit_code_(exit_code) {}
  [[nodiscard]] Exit exit_code() const noexcept { return exit_code_; }

 private:
  Exit exit_code_;
};

}  // namespace kws
