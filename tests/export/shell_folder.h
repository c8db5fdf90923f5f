#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <initializer_list>
#include <string>

#include "kws/core/files.h"
#include "temp_folder.h"

namespace kws::test {

/// A folder of its own for each test, and commands run in it.
class ShellFolder : public TempFolderTest {
 protected:
  /// The program's exit code; what it printed is in output().
  int run(const std::string& command) {
    const int status =
        std::system(("cd '" + root_.string() + "' && (" + command + ") >output.txt 2>&1 </dev/null").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  [[nodiscard]] std::string output() const { return read_file(root_ / "output.txt"); }

  static bool has(const std::string& program) {
    return std::system(("command -v " + program + " >/dev/null").c_str()) == 0;
  }
};

}  // namespace kws::test

/// Skips a test of ShellFolder where a program it needs is absent.
#define KWS_SKIP_WITHOUT(...)                                     \
  for (const char* program : {__VA_ARGS__}) {                     \
    if (!has(program)) GTEST_SKIP() << program << " is not here"; \
  }
