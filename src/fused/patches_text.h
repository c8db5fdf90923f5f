// Part of kernels_text.h: convolution as a matrix product.

static std::ptrdiff_t patch_at(const PatchMap& map, int output) {
  return output / map.out_freq * map.step_time + output % map.out_freq * map.step_freq;
}

/// Calls use(offset in the map, offset in the patch) for the runs of a patch.
template <class Use>
static inline void each_run(const PatchMap& map, const Use& use) {
  int at = 0;
  for (int t = 0; t < map.runs_time; ++t) {
    for (int f = 0; f < map.runs_freq; ++f, at += map.run) use(t * map.run_time + f * map.run_freq, at);
  }
}

static void gather(const PatchMap& map, int first, int rows, const Value* from, Value* patches) {
  for (int r = 0; r < rows; ++r) {
    const Value* run = from + patch_at(map, first + r);
    Value* patch = patches + static_cast<std::ptrdiff_t>(r) * map.length;
    each_run(map, [&](std::ptrdiff_t from_run, int to) {
      // Whole registers: what lies behind the run is overwritten by the next one.
      for (int i = 0; i < map.run; i += kLanes) move(patch + to + i, run + from_run + i);
    });
  }
}

static void scatter(const PatchMap& map, int first, int rows, const float* patches, float* to) {
  for (int r = 0; r < rows; ++r) {
    float* run = to + patch_at(map, first + r);
    const float* patch = patches + static_cast<std::ptrdiff_t>(r) * map.length;
    each_run(map, [&](std::ptrdiff_t to_run, int at) {
      for (int i = 0; i < map.run; i += kLanes) {
        float* sum = run + to_run + i;
        store(sum, load(sum) + load(patch + at + i));
      }
    });
  }
}
