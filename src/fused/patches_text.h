// Part of kernels_text.h: convolution as a matrix product.

static std::ptrdiff_t patch_at(const PatchMap& map, int output) {
  return output / map.out_freq * map.step_time + output % map.out_freq * map.step_freq;
}

static void gather(const PatchMap& map, int first, int rows, const Value* from, Value* patches) {
  for (int r = 0; r < rows; ++r) {
    const Value* run = from + patch_at(map, first + r);
    Value* patch = patches + static_cast<std::ptrdiff_t>(r) * map.length;
    for (int kt = 0; kt < map.kernel_time; ++kt, run += map.map_row, patch += map.run) {
      // Whole groups: what lies behind the run is overwritten by the next one.
      for (int i = 0; i < map.run; i += kLanes) move(patch + i, run + i);
    }
  }
}

static void scatter(const PatchMap& map, int first, int rows, const float* patches, float* to) {
  for (int r = 0; r < rows; ++r) {
    float* run = to + patch_at(map, first + r);
    const float* patch = patches + static_cast<std::ptrdiff_t>(r) * map.length;
    for (int kt = 0; kt < map.kernel_time; ++kt, run += map.map_row, patch += map.run) {
      for (int i = 0; i < map.run; i += kLanes) store(run + i, load(run + i) + load(patch + i));
    }
  }
}
