#include "change_rate.h"

#include <samplerate.h>

#include <string>

#include "kws/core/error.h"

namespace kws {

std::vector<float> change_rate(const std::vector<float>& samples, int from_hz, int to_hz, Quality quality) {
  const double ratio = static_cast<double>(to_hz) / from_hz;
  std::vector<float> out(static_cast<std::size_t>(static_cast<double>(samples.size()) * ratio) + 1);
  SRC_DATA job{};
  job.data_in = samples.data();
  job.data_out = out.data();
  job.input_frames = static_cast<long>(samples.size());
  job.output_frames = static_cast<long>(out.size());
  job.src_ratio = ratio;
  const int converter = quality == Quality::quick ? SRC_SINC_FASTEST : SRC_SINC_MEDIUM_QUALITY;
  if (const int failure = src_simple(&job, converter, 1)) {
    throw Error(std::string("libsamplerate: ") + src_strerror(failure) + "; check its installation");
  }
  out.resize(static_cast<std::size_t>(job.output_frames_gen));
  return out;
}

}  // namespace kws
