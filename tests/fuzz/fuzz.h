#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "kws/core/error.h"

namespace kws::fuzz {

/// Bad input must end in an Error of one line of bearable length; whatever else comes out is a fault that libFuzzer
/// reports. A library's text counts where the input does not hold it: libFuzzer tries what inputs are compared with.
template <class Read>
int refuse_or_read(const std::uint8_t* data, std::size_t size, const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    constexpr std::size_t kLongest = 2000;
    const std::string line = error.what();
    const auto of_library = [](std::string_view text) { return text.find("json.exception") != std::string_view::npos; };
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (line.size() > kLongest || (of_library(line) && !of_library(input))) {
      std::cerr << "an error that no user should read: " << line << "\n";
      std::abort();
    }
  }
  return 0;
}

/// Begins the corpus, the first folder of the command line, with inputs that are right.
inline int begin_corpus(int argc, char** argv, const std::vector<std::string>& seeds) {
  for (int i = 1; i < argc; ++i) {
    if (argv[i][0] == '-') continue;
    if (!std::filesystem::is_directory(argv[i])) return 0;
    for (std::size_t s = 0; s < seeds.size(); ++s) {
      std::ofstream(std::filesystem::path(argv[i]) / ("seed" + std::to_string(s)), std::ios::binary) << seeds[s];
    }
    return 0;
  }
  return 0;
}

inline std::string text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace kws::fuzz

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
