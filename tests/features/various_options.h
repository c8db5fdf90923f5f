#pragma once

#include <vector>

#include "kws/features/front_end.h"

namespace kws::test {

/// Front ends that differ in all they can differ in.
inline std::vector<FeatureOptions> various_options() {
  std::vector<FeatureOptions> all(7);
  all[1] = {"mfcc", 40, 30, 10, 40, 20, 7600};
  all[2] = {"log_mel", 40, 25, 10, 40, 20, 7600};
  all[3] = {"mfcc", 13, 20, 20, 20, 60, 4000};
  all[4] = {"log_mel", 20, 30, 20, 20, 20, 8000};
  all[5] = {"mfcc", 9, 10, 40, 27, 0, 8000};  // an FFT of 256 points, an odd number of bands
  all[6] = {"mfcc", 10, 40, 40, 40, 20, 4000};
  return all;
}

}  // namespace kws::test
