#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string>

#include "kws/core/files.h"

namespace kws::test {

/// A folder of its own for each test, and commands run in it.
class ShellFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "kws-export-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// The program's exit code; what it printed is in output().
  int run(const std::string& command) {
    const int status =
        std::system(("cd '" + folder_.string() + "' && (" + command + ") >output.txt 2>&1 </dev/null").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  [[nodiscard]] std::string output() const { return read_file(folder_ / "output.txt"); }

  static bool has(const std::string& program) {
    return std::system(("command -v " + program + " >/dev/null").c_str()) == 0;
  }

  std::filesystem::path folder_;
};

}  // namespace kws::test

/// Skips a test of ShellFolder where a program it needs is absent.
#define KWS_SKIP_WITHOUT(...)                                     \
  for (const char* program : {__VA_ARGS__}) {                     \
    if (!has(program)) GTEST_SKIP() << program << " is not here"; \
  }
