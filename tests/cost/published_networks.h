#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "repository.h"

namespace kws::test {

/// The 21 networks of "Hello Edge": exact counts of the rule (parameters as in the published weight files) and the
/// figures as the paper prints them (memory in units of 1,000 bytes). Source: facts sheet of the paper, section 4.
struct PublishedNetwork {
  std::string name;
  std::int64_t parameters, macs, working_bytes, ops;
  double published_kb, published_ops;
};

inline const std::vector<PublishedNetwork>& published_networks() {
  static const std::vector<PublishedNetwork> table = {
      {"dnn_s", 79644, 79200, 394, 158844, 80.0, 158800},
      {"dnn_m", 198924, 198144, 512, 397068, 199.4, 397000},
      {"dnn_l", 495744, 494424, 872, 990168, 496.6, 990200},
      {"cnn_s", 69238, 2498304, 9760, 5006524, 79.0, 5000000},
      {"cnn_m", 178444, 8633856, 20992, 17288860, 199.4, 17300000},
      {"cnn_l", 476206, 12636672, 21664, 25295206, 497.8, 25300000},
      {"basic_lstm_s", 62316, 2961800, 962, 5969868, 63.3, 5900000},
      {"basic_lstm_m", 195180, 9398024, 1346, 18879948, 196.5, 18900000},
      {"basic_lstm_l", 492620, 23872224, 1866, 47879308, 494.5, 47900000},
      {"lstm_s", 78516, 1909176, 970, 3875964, 79.5, 3900000},
      {"lstm_m", 196732, 9468360, 1890, 19156252, 198.6, 19200000},
      {"lstm_l", 495768, 24012256, 2990, 48416524, 498.8, 48400000},
      {"gru_s", 78090, 1896048, 712, 3822908, 78.8, 3800000},
      {"gru_m", 198762, 9558000, 1240, 19214012, 200.0, 19200000},
      {"gru_l", 498012, 24112800, 1690, 48382412, 499.7, 48400000},
      {"crnn_s", 75432, 1498848, 4330, 3020832, 79.7, 3000000},
      {"crnn_m", 189032, 3798432, 10730, 7631600, 199.8, 7600000},
      {"crnn_l", 485004, 9629104, 14490, 19315928, 499.5, 19300000},
      {"ds_cnn_s", 22604, 2656768, 16000, 5385548, 38.6, 5400000},
      {"ds_cnn_m", 135032, 9816384, 54180, 19765220, 189.2, 19800000},
      {"ds_cnn_l", 410700, 28327812, 86940, 56904036, 497.6, 56900000},
  };
  return table;
}

inline std::filesystem::path published_file(const std::string& name) {
  return repository() / "configs" / "hello_edge" / (name + ".json");
}

}  // namespace kws::test
