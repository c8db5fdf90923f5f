#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "kws/graph/graph.h"

namespace kws {

/// Scales of tensors lie between: a training has gone wrong long before.
inline constexpr double kSmallestScale = 1e-30, kLargestScale = 1e30;

/// real = scale * (q - zero_point), q in -128..127
struct Quant {
  double scale = 1.0;
  int zero_point = 0;
};

/// h8 and m8 of the recurrent cells.
constexpr Quant kStateQuant{.scale = 1.0 / 128.0, .zero_point = 0};

/// Smallest and largest shift of an Add.
constexpr std::array<int, 2> kAddShifts = {10, 22};

/// One product: int8 weights with a scale per output row, int32 accumulator, and the way back.
///   weight      rows in storage order of ParameterSpec
///   bias        [rows] int32, at the scale input * weight, with the input's zero point already folded in:
///               bias - zero_point * sum(row), so the product runs on raw int8 inputs (SAME padding pads with
///               the zero point)
///   multiplier  [rows] Q31 in 2^30..2^31-1 (or 0)
///   shift       [rows] left when positive: TFLite's double rounding, see requantize() in
///               arithmetic.h. No input brings |accumulator * 2^max(shift, 0)| to 2^30, so that kernels may round in
///               32 bit
struct Int8Product {
  std::vector<std::int8_t> weight;
  std::vector<std::int32_t> bias;
  std::vector<std::int32_t> multiplier;
  std::vector<std::int8_t> shift;
};

/// A layer in integers. What each op computes (all shifts arithmetic, sat16 clamps to -32768..32767):
///   conv2d, depthwise2d, dense
///                out = clamp(zero_point_out + requantize(acc), activation_min, 127)
///   avg_pool2d   acc = sum over the map of (q - zero_point_in) per channel; main.multiplier[0], shift[0] hold
///                scale_in / (elements * scale_out); out as above; main.weight and bias are empty
///                in one direction alone: the same for each place in the other one, `elements` of it in a sum
///   depthwise2d  with more than one band: main.bias, multiplier and shift have [bands][channels] rows, and output
///                frequency f takes those of band f bands / F
///   add          out = clamp(zero_point_out + ((addend[0] (a - zero_point_a) + addend[1] (b - zero_point_b) +
///                2^(add_shift - 1)) >> add_shift), activation_min, 127); factors of at most 15 bits, so that two
///                16-bit products do it, and add_shift 10..22, so that what is left of the sum has 16 bits. A second
///                input of one time step or one frequency is added to each; of a longer one the steps from
///                first_added() on
///   relu, swish, ...  (Activate)   out = table[q + 128]
///   gru          ax = sat16(requantize(main x)), ah = sat16(requantize(recurrent h8)): Q4.11,
///                rows reset, update, new; recurrent.bias is all zero
///                r = sigmoid(sat16(ax_r + ah_r)), z likewise: Q15 in 0..32768
///                n = tanh(sat16(ax_n + ((r * ah_n + 2^14) >> 15))): Q15
///                h16 = sat16((z * h16 + (32768 - z) * n + 2^14) >> 15): Q15, starts at 0
///                (the sum stays inside int32 because the factors add up to 32768)
///                h8 = min((h16 + 128) >> 8, 127);  out = h8 (scale 1/128, zero point 0)
///   lstm         a = sat16(sat16(requantize(main x)) + sat16(requantize(recurrent h8))): Q3.12,
///                rows input, forget, cell, output; recurrent.bias is all zero
///                peepholes: a_i = sat16(a_i + requantize(p_i * c)), a_f likewise, with the old cell
///                i, f = sigmoid(a): Q15;  g = tanh(a_g): Q15
///                c = sat16(((f * c + 2^14) >> 15) + ((i * g + 2^17) >> 18)): Q3.12, starts at 0
///                (f * c may reach 2^30: int32 suffices)
///                peephole: a_o = sat16(a_o + requantize(p_o * c)) with the new cell;  o = sigmoid(a_o)
///                m16 = (o * tanh(c) + 2^14) >> 15: Q15;  m8 = clamp((m16 + 128) >> 8, -128, 127)
///                without projection: h8 = m8 (scale 1/128, zero point 0)
///                with projection: h8 = clamp(requantize(projection m8), -128, 127) (output.scale, zero point 0,
///                bias zero);  out = h8 of the last step
///   sigmoid, tanh: as defined in src/quant/arithmetic.h; Q4.11 doubles to the Q12 they read
struct Int8Layer {
  Layer layer;
  Quant input, output;
  int activation_min = -128;                      ///< zero_point_out after a ReLU
  Int8Product main;                               ///< product with the layer's input
  Int8Product recurrent;                          ///< product with h8
  Int8Product projection;                         ///< lstm with projection
  std::vector<std::int8_t> peephole;              ///< [3 cells]: input, forget, output
  std::vector<std::int32_t> peephole_multiplier;  ///< [3], to Q3.12
  std::vector<std::int8_t> peephole_shift;        ///< [3]
  Quant second;                                   ///< add: of the second input
  std::array<std::int16_t, 2> addend{};           ///< add: factors
  int add_shift = kAddShifts.front();             ///< add
  std::vector<std::int8_t> table;                 ///< Activate: [256]
};

/// An 8-bit network; the input is the front end's int8 features (scale kFeatureScale, zero point 0).
struct Int8Model {
  Shape input;
  std::vector<Int8Layer> layers;
  [[nodiscard]] int classes() const { return layers.back().layer.output.elements(); }
  /// How a tensor that these layers have made, or their input, is to be read.
  [[nodiscard]] Quant quant(TensorId tensor) const;
  /// Fills a layer's `input` and `second`: what it reads has been made by these layers.
  void connect(Int8Layer& layer) const;
};

/// The network over another number of time steps: a piece of a stream, or a longer one than it was trained on.
Int8Model with_frames(const Int8Model& network, int frames);

/// What an Add sums besides its two products: both zero points, the half that rounds, the output's zero point. Then
/// out = clamp((addend[0] a + addend[1] b + add_bias()) >> add_shift, activation_min, 127).
std::int32_t add_bias(const Int8Layer& layer);

/// Observed range of a layer's output after its activation.
struct Range {
  float low = 0.0F;
  float high = 0.0F;
};
using Ranges = std::map<std::string, Range>;  ///< layer name -> range, for every layer with float-ranged output

/// The Q31 multiplier and shift nearest to `factor`, 0 <= factor < 2^30; both 0 when every result would be 0 (< 2^-32).
void quantize_multiplier(double factor, std::int32_t& multiplier, std::int8_t& shift);

/// Post-training quantization by the scheme above.
///   weights  folded float weights of every layer
///   ranges   of every layer's output (recurrent layers without projection have a fixed range)
///   throws   Error when a weight or range is not finite (training diverged);
///            std::out_of_range when a tensor or range is missing (a broken promise of the caller)
Int8Model quantize(const Graph& graph, const Weights& weights, const Ranges& ranges);

/// Rounds all weights but the biases to int8 at the scale of their row, and back to float: what training with the
/// rounding of the int8 network multiplies by.
void round_weights(const Graph& graph, Weights& weights);

/// The int8 network on the host, own code apart from the exported C: tests and `eval` hold one against the other.
/// Prepares an Int8Engine (int8_engine.h) for one run; keep an engine where there are several.
///   features    [clips][input elements];  logits  [clips][classes]
///   each_layer  if given, is called with the index and output of each layer of each clip, in order
using LayerObserver = std::function<void(std::size_t layer, std::span<const std::int8_t> output)>;
void run_int8(const Int8Model& model, std::span<const std::int8_t> features, std::span<std::int8_t> logits,
              const LayerObserver& each_layer = {});

/// schema kwsmith.int8/1; integers only apart from the scales, which are for the reader.
nlohmann::ordered_json int8_to_json(const Int8Model& model);
/// throws Error naming `origin` when a field is missing or a length does not fit `graph`.
Int8Model int8_from_json(const nlohmann::ordered_json& json, const Graph& graph, const std::string& origin);

}  // namespace kws
