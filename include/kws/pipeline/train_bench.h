#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kws/core/isa.h"
#include "kws/families/design.h"

namespace kws {

/// As /proc/cpuinfo has it; "unknown" without one.
std::string cpu_name();

/// Training speed of one design, samples per second of whole steps: forward, backward, Adam.
struct TrainBenchRow {
  std::string name;
  double fused = 0.0;   ///< steps in own kernels, one trial on each core
  double torch1 = 0.0;  ///< plain LibTorch, one trial with one thread
  double torch2 = 0.0;  ///< plain LibTorch, one trial with two threads; BLAS has one, as two pools hinder each other
};

/// Samples per second of one trial on one core, as trials are trained here: features of new samples, then whole steps;
/// measured for about `seconds`, on noise. To be called after prepare_training().
double training_speed(const Design& design, Isa isa, double seconds);

/// Anchors and published designs that fit the small budget.
std::vector<Design> train_bench_designs();

/// Measures on random features, batches of 100. The three are run in turn, `rounds` times; each figure is the median of
/// its rounds, so that a slow moment of the machine hits all alike.
///   seconds   of one measurement; a step that takes longer is run twice at least
///   cores     trials with fused steps
///   throws    Error (Exit::usage) for Isa::portable, which has no fused steps
std::vector<TrainBenchRow> bench_training(const std::vector<Design>& designs, Isa isa, int cores, double seconds,
                                          int rounds, const std::function<void(const TrainBenchRow&)>& each_row);

}  // namespace kws
