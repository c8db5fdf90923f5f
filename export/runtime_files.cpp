#include "runtime_files.h"

namespace kws {

std::vector<RuntimeFile> runtime_files(const std::string& front_end) {
  using enum RuntimeFile::Part;
  std::vector<RuntimeFile> files = {
      {"_audio.h", declarations},
      {"_cmsis.h", declarations},
      {"_detect.h", declarations, true},
      {"_features.h", declarations, true},
      {"_" + front_end + ".h", declarations},
      {"_golden.h", inside, true},
      {"_kernels.h", declarations},
      {"_model.h", declarations, true},
      {"_ring.h", declarations},
      {"_selftest.h", declarations, true},
      {"_stream.h", declarations, true},
      {"_kernels_lanes.h", inside},
      {"_kernels_depthwise.h", inside},
      {"_audio.c", stream},
      {"_cmsis.c", stream},
      {"_detect.c", stream, true},
      {"_" + front_end + ".c", clip},
      {"_kernels_conv.c", clip},
      {"_kernels_dense.c", clip},
      {"_kernels_depthwise.c", clip},
      {"_kernels_depthwise_large.c", clip},
      {"_kernels_elements.c", clip},
      {"_kernels_recurrent.c", clip},
      {"_ring.c", stream},
      {"_selftest.c", stream, true},
      {"_stream.c", stream, true},
      {"_features.c", tables, true},
      {"_model.c", tables, true},
  };
  if (front_end == "frontend") files.push_back({"_frontend_frame.h", inside});
  return files;
}

}  // namespace kws
