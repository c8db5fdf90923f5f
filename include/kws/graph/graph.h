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
  same,   ///< TensorFlow's SAME: output ceil(in / stride), the odd element of padding at the end
  valid,  ///< no padding: output ceil((in - kernel + 1) / stride)
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
  Padding padding = Padding::same;
  Norm norm = Norm::none;
  bool relu = false;
};
struct Depthwise2d {  ///< channel multiplier 1
  Extent kernel, stride;
  Padding padding = Padding::same;
  Norm norm = Norm::none;
  bool relu = false;
};
struct AvgPool2d {};  ///< over the whole map: [T, F, C] -> [1, 1, C]
struct Dense {        ///< reads its input as one flat vector in layout order
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
using Op = std::variant<Conv2d, Depthwise2d, AvgPool2d, Dense, Lstm, Gru>;

struct Layer {
  std::string name;  ///< unique in its graph, a valid C identifier in lower case
  Op op;
  Shape input, output;
};

/// A network without weights: a chain of layers. The one description that cost, float, int8 and C code read.
class Graph {
 public:
  explicit Graph(Shape input) : input_(input) {}

  /// Appends a layer that reads the previous one's output.
  ///   throws  Error when the kernel does not fit into the input (VALID padding) or a size is not positive
  Graph& add(std::string name, const Op& op);

  [[nodiscard]] const std::vector<Layer>& layers() const { return layers_; }
  [[nodiscard]] Shape input() const { return input_; }
  [[nodiscard]] Shape output() const { return layers_.empty() ? input_ : layers_.back().output; }

 private:
  Shape input_;
  std::vector<Layer> layers_;
};

/// Name of the operation as reports print it: conv2d, depthwise2d, avg_pool2d, dense, lstm, gru.
std::string_view op_name(const Op& op);

/// Padding before the first element in one direction (TensorFlow's rule, 0 for VALID).
int pad_before(int in, int out, int kernel, int stride, Padding padding);

/// One trained tensor of a layer, batch norm folded away.
struct ParameterSpec {
  std::string name;        ///< "weight", "bias", "recurrent_weight", "projection_weight", "peephole"
  std::vector<int> shape;  ///< see below
  [[nodiscard]] std::int64_t elements() const;
};

/// The tensors of a layer, in storage order:
///   conv2d       weight [filters, kernel time, kernel freq, channels in], bias [filters]
///   depthwise2d  weight [kernel time, kernel freq, channels], bias [channels]
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
