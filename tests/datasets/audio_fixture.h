#pragma once

#include <gtest/gtest.h>
#include <sndfile.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "kws/core/error.h"
#include "temp_folder.h"

namespace kws::test {

/// A temporary folder per test, with helpers that put small recordings into it.
class AudioFolder : public TempFolderTest {
 protected:
  std::filesystem::path add(const std::string& name, const std::vector<std::int16_t>& samples, int rate = 16000,
                            int channels = 1, int format = SF_FORMAT_WAV | SF_FORMAT_PCM_16) {
    const std::filesystem::path file = root_ / name;
    std::filesystem::create_directories(file.parent_path());
    SF_INFO info{};
    info.samplerate = rate;
    info.channels = channels;
    info.format = format;
    SNDFILE* sound = sf_open(file.c_str(), SFM_WRITE, &info);
    EXPECT_NE(sound, nullptr) << name;
    sf_command(sound, SFC_SET_SCALE_INT_FLOAT_WRITE, nullptr, SF_TRUE);  // for float formats: full scale is 1
    sf_write_short(sound, samples.data(), static_cast<sf_count_t>(samples.size()));
    sf_close(sound);
    return file;
  }
  void text(const std::string& name, const std::string& content) {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << content;
  }
};

/// The line of the Error that `action` must throw, after checking its exit code.
template <class Action>
std::string error_line(const Action& action, Exit exit_code = Exit::data) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), exit_code);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

}  // namespace kws::test
