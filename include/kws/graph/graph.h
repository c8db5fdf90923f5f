#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kws/core/extent.h"

namespace kws {

/// Shape of one clip's activation; memory layout is [time][freq][channels] everywhere outside src/train.
struct Shape {
  int time = 1;
  int freq = 1;
  int channels = 1;
  [[nodiscard]] int elements() const { return time * freq * channels; }
  /// Elements of one time step, which is what a recurrent cell reads.
  [[nodiscard]] int step() const { return freq * channels; }
  friend bool operator==(const Shape&, const Shape&) = default;
};

enum class Padding {
  same,    ///< TensorFlow's SAME: output ceil(in / stride), the odd element of padding at the end
  valid,   ///< no padding: output ceil((in - span + 1) / stride), span = (kernel - 1) dilation + 1
  causal,  ///< all of it at the beginning: output ceil(in / stride), no output sees a later input
};
/// Elements that a window leaves of `in`, in one direction; below 1 where it does not fit.
int window_output(int in, int kernel, int stride, Padding padding, int dilation = 1);
/// Chosen for each direction.
struct Paddings {
  Padding time, freq;
  Paddings(Padding both) : time(both), freq(both) {}  // NOLINT(google-explicit-constructor): one word for both
  Paddings(Padding in_time, Padding in_freq) : time(in_time), freq(in_freq) {}
  friend bool operator==(const Paddings&, const Paddings&) = default;
};

/// Batch normalisation between the product and the activation; folded into weight and bias outside training.
enum class Norm {
  none,
  beta,    ///< shift only, gamma fixed at 1 (DS-CNN of the paper)
  affine,  ///< gamma and beta
};

struct Conv2d {
  int filters = 0;
  Extent kernel, stride;
  Paddings padding = Padding::same;
  Norm norm = Norm::none;
  bool relu = false;
  Extent dilation = {};
};
struct Depthwise2d {  ///< channel multiplier 1
  Extent kernel, stride;
  Paddings padding = Padding::same;
  Norm norm = Norm::none;
  bool relu = false;
  Extent dilation = {};
  /// Sub-spectral norm: frequency f of F belongs to band f bands / F, and each band of each channel has a norm of its
  /// own (Norm::affine), whose scale stays beside the kernel, see parameters_of().
  /// Source: Chang et al., "SubSpectral Normalization for Neural Audio Data Processing", ICASSP 2021.
  int bands = 1;
};
/// Mean over the whole map, [T, F, C] -> [1, 1, C], or in one direction alone.
struct AvgPool2d {
  bool over_time = true;
  bool over_freq = true;
};
/// a + b. Where b has one time step or one frequency, it is added to each of a's.
struct Add {
  bool relu = false;
  /// b may have more time steps than a, whose branch is without padding in time: those in its middle are added, which
  /// are the ones that padding would align with a's.
  bool crop = false;
};
/// One value, one result: a table of 256 entries in int8.
enum class Function {
  relu,
  relu6,
  swish,       ///< x sigmoid(x)
  hard_swish,  ///< x min(max(x + 3, 0), 6) / 6
  tanh,
  clip,  ///< min(max(x, 0), 1)
  gate,  ///< min(max(tanh(x) + 1/2, 0), 1), the hard gate of SparkNet without its noise
};
struct Activate {
  Function function = Function::relu;
};
struct Dense {  ///< reads its input as one flat vector in layout order
  int units = 0;
  Norm norm = Norm::none;
  bool relu = false;
};
/// LSTM over time, forget bias inside the bias, output of the last step. Gate order: input, forget, cell, output.
struct Lstm {
  int cells = 0;
  int projection = 0;      ///< 0: none, the output is the hidden vector; else output and recurrent input size
  bool peepholes = false;  ///< input and forget gate see the old cell state, the output gate the new one
};
/// GRU, reset applied after the recurrent product, one bias per gate on the input side. Gate order: reset, update, new.
/// h' = z h + (1 - z) n.  TensorFlow's GRUCell applies the reset before that product; exported kernels cannot.
struct Gru {
  int cells = 0;
  bool sequence = false;  ///< output every step [T, 1, cells] instead of the last one
};

/// The closed set of operations. Every reader is one std::visit without a catch-all.
using Op = std::variant<Conv2d, Depthwise2d, AvgPool2d, Dense, Lstm, Gru, Add, Activate>;

/// A value that layers read: 0 is the network's input, i + 1 the output of layer i.
using TensorId = int;

struct Layer {
  std::string name;  ///< unique in its graph, a valid C identifier in lower case
  Op op;
  Shape input, output;           ///< `input`: of the first tensor that it reads
  std::vector<TensorId> inputs;  ///< one; two for Add
  Shape second;                  ///< of the second tensor
  /// Elements of tensors made before this layer, not read by it, and read after it: they lie beside its own.
  int held = 0;
};

/// A network without weights: layers in the order in which they run, each reading tensors made before it. The one
/// description that cost, float, int8 and C code read.
class Graph {
 public:
  explicit Graph(Shape input) : input_(input) {}

  /// Appends a layer that reads the previous one's output.
  ///   throws  Error when the kernel does not fit into the input (VALID padding) or a size is not positive
  Graph& add(std::string name, const Op& op);
  /// Appends a layer that reads `inputs`; returns its output.
  ///   throws  as above, and where the shapes of an Add do not agree
  TensorId add(std::string name, const Op& op, std::vector<TensorId> inputs);

  [[nodiscard]] const std::vector<Layer>& layers() const { return layers_; }
  [[nodiscard]] Shape input() const { return input_; }
  [[nodiscard]] Shape output() const { return shape(last()); }
  [[nodiscard]] TensorId last() const { return static_cast<TensorId>(layers_.size()); }
  [[nodiscard]] Shape shape(TensorId tensor) const;
  /// Index of the last layer that reads a tensor; of the one that makes it (-1: the input) where none does.
  [[nodiscard]] int last_reader(TensorId tensor) const { return last_readers_[static_cast<std::size_t>(tensor)]; }
  /// True when each layer reads the previous one's output alone.
  [[nodiscard]] bool chain() const;

 private:
  Shape input_;
  std::vector<Layer> layers_;
  std::vector<int> last_readers_ = {-1};
};

/// Name of the operation as reports print it: conv2d, depthwise2d, avg_pool2d, dense, lstm, gru, add, and of Activate
/// its function.
std::string_view op_name(const Op& op);
/// relu, relu6, swish, hard_swish, tanh, clip, gate.
std::string_view function_name(Function function);
/// Its value, the definition for all readers.
double value_of(Function function, double x);

/// Time step of an Add's second input that is added to the first one's first: 0 unless it is cropped.
int first_added(const Layer& layer);

/// A window in one direction. Output `at` reads the elements at * stride - before() + k * dilation, k < kernel.
struct WindowAxis {
  int in, out, kernel, stride, dilation;
  Padding padding;
  [[nodiscard]] int span() const { return (kernel - 1) * dilation + 1; }
  [[nodiscard]] int before() const;  ///< padding before the first element
  [[nodiscard]] int after() const;   ///< and behind the last one
};
struct WindowAxes {
  WindowAxis time, freq;
};
/// The two directions of a Conv2d or Depthwise2d layer.
template <class Window>
WindowAxes axes_of(const Layer& layer, const Window& op) {
  return {{layer.input.time, layer.output.time, op.kernel.time, op.stride.time, op.dilation.time, op.padding.time},
          {layer.input.freq, layer.output.freq, op.kernel.freq, op.stride.freq, op.dilation.freq, op.padding.freq}};
}

/// One trained tensor of a layer, batch norm folded away.
struct ParameterSpec {
  std::string name;        ///< "weight", "bias", "recurrent_weight", "projection_weight", "peephole", "scale"
  std::vector<int> shape;  ///< see below
  [[nodiscard]] std::int64_t elements() const;
};

/// The tensors of a layer, in storage order:
///   conv2d       weight [filters, kernel time, kernel freq, channels in], bias [filters]
///   depthwise2d  weight [kernel time, kernel freq, channels], bias [channels]; with more than one band
///                weight as before, scale [bands, channels] (not negative), bias [bands, channels]: out = scale weight
///                x
///                + bias
///   dense        weight [units, inputs], bias [units]
///   lstm         weight [4 cells, step], recurrent_weight [4 cells, output], bias [4 cells],
///                peephole [3, cells] (input, forget, output) and projection_weight [projection, cells] if present
///   gru          weight [3 cells, step], recurrent_weight [3 cells, cells], bias [3 cells]
std::vector<ParameterSpec> parameters_of(const Layer& layer);

/// A float tensor in row-major order.
struct Tensor {
  std::vector<int> shape;
  std::vector<float> data;
};

/// Trained inference weights, batch norm folded: "layer/parameter" -> tensor, for every ParameterSpec of the graph.
using Weights = std::map<std::string, Tensor>;

}  // namespace kws
