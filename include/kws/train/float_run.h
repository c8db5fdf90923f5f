#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kws/graph/graph.h"
#include "kws/quant/int8_model.h"
#include "kws/train/float_module.h"

namespace kws {

/// Logits of the float network. features [n][frames][coefficients]; returns [n][classes].
std::vector<float> run_float(const Graph& graph, const Weights& weights, std::span<const std::int8_t> features);

/// Runs those features; the observer sees every layer's output of every batch, [clips of the batch, C, T, F].
void observe_float(const Graph& graph, const Weights& weights, std::span<const std::int8_t> features,
                   const FloatNetwork::Observer& observer);

/// Clips of an augmented epoch that ranges are calibrated on.
constexpr int kCalibrationClips = 500;
/// Output range of every layer over the given features, clipped where that lowers the mean squared rounding error.
Ranges calibrate(const Graph& graph, const Weights& weights, std::span<const std::int8_t> features);

/// What the rounding of an int8 network has done by the end of one layer.
struct LayerLoss {
  std::string layer;
  std::string op;
  Quant output;
  /// Power of the float layer's output over that of its difference to the int8 one, in dB. The int8 layer has read what
  /// the int8 layers before it wrote, so errors add up along the network.
  double snr_db = 0.0;
  double clipped = 0.0;  ///< share of the int8 outputs at an end of their range; zeros of a ReLU do not count
};
/// Float and int8 network on the same clips, layer for layer.
///   features  [clips][frames][coefficients], at least one clip
std::vector<LayerLoss> layer_losses(const Graph& graph, const Weights& weights, const Int8Model& int8,
                                    std::span<const std::int8_t> features);

/// [rows] whether the largest value (the first of equals) stands at the label.
template <class Value>
std::vector<unsigned char> recognised(std::span<const Value> logits, std::span<const int> labels);
/// Share of rows that are.
template <class Value>
double accuracy(std::span<const Value> logits, std::span<const int> labels);

}  // namespace kws
