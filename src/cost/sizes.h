#pragma once

#include <cstdint>
#include <optional>

#include "kws/cost/firmware.h"
#include "kws/cost/stream_plan.h"

namespace kws {

/// Bytes of constant arrays, and what aligning each of them to a word adds.
struct ArrayBytes {
  std::int64_t bytes = 0;
  std::int64_t padding = 0;
  static ArrayBytes of(std::int64_t bytes) { return {bytes, -bytes & 3}; }
  friend ArrayBytes operator+(const ArrayBytes& a, const ArrayBytes& b) {
    return {a.bytes + b.bytes, a.padding + b.padding};
  }
};

/// What a kernel needs beside input and output: its KWS_..._SCRATCH macro, which the exported code checks.
int scratch_bytes(const Layer& layer);

/// The arrays of constant_bytes(layer).
ArrayBytes constant_arrays(const Layer& layer);

/// The numbers of a front end that sizes and times follow from, as src/features/front_end.cpp makes its tables.
struct FrontEndNumbers {
  int window = 0;  ///< samples
  int stride = 0;  ///< samples
  int fft = 0;     ///< points
  int bins = 0;    ///< of the spectrum inside the mel bank
  int mel_bins = 0;
  int rows = 0;    ///< of the DCT; 0 for log_mel
  int values = 0;  ///< of one frame
  bool integer = false;
  explicit FrontEndNumbers(const FeatureOptions& options);
};
ArrayBytes front_end_tables(const FrontEndNumbers& n);
std::int64_t front_end_work(const FrontEndNumbers& n);
/// By whose figures it is counted: without a unit for floats, those of the M3 where they are in floats.
Core front_end_core(const FrontEndNumbers& n, Core core, bool fpu);

/// Fills rows and code of flash and RAM.
void fill_sizes(FirmwareCost& cost, const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options);

/// Decisions come every `frames` frames, smoothing takes the mean of `smoothing` of them; `flow` is how the network
/// runs, nothing: over the whole window.
struct StreamNumbers {
  int frames = 1;
  int smoothing = 1;
  std::optional<StreamPlan> flow;
  /// Calls of the flow from decision to decision.
  [[nodiscard]] int calls() const { return flow && flow->carried ? frames / flow->frames : 1; }
  StreamNumbers(const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options);
};

}  // namespace kws
