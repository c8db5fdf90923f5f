#include <onnx/checker.h>

#include <exception>
#include <variant>

#include "kws/core/error.h"
#include "kws/onnx/onnx.h"
#include "nodes.h"

namespace kws {
namespace {

constexpr std::int64_t kOperatorSet = 13, kFormat = 7;  ///< the first that has all of this; most readers know it
constexpr float kCellLimit = 8.0F;                      ///< as the float network clips an LSTM's cell in training

/// A tensor of the network: as a map [1, C, T, F], as a row [1, T F C] in the layout outside of this module, or both.
struct Value {
  Shape shape;
  std::string map, row;
};

/// Writes the nodes of one layer after the other.
class NetworkWriter {
 public:
  NetworkWriter(const OnnxSource& source, onnx::GraphProto& graph) : source_(source), nodes_(graph) {}

  void write() {
    const Shape in = source_.graph.input();
    nodes_.input("features", {1, in.time, in.step()});
    nodes_.add("Reshape", {"features", shape_of({1, in.elements()})}, "features/row");
    values_.push_back({.shape = in, .map = {}, .row = "features/row"});
    for (const Layer& layer : source_.graph.layers()) {
      layer_ = &layer;
      Value result = std::visit([this](const auto& op) { return add(op); }, layer.op);
      result.shape = layer.output;
      values_.push_back(std::move(result));
    }
    const Shape out = source_.graph.output();
    layer_ = nullptr;
    nodes_.add("Identity", {row(source_.graph.last())}, "logits");
    nodes_.add("Softmax", {"logits"}, "probabilities").set("axis", std::int64_t{1});
    nodes_.output("logits", {1, out.elements()});
    nodes_.output("probabilities", {1, out.elements()});
  }

 private:
  /// A constant that tells Reshape a shape.
  std::string shape_of(const Sizes& sizes) {
    std::string name = "shape";
    for (const std::int64_t size : sizes) name += "_" + std::to_string(size);
    for (const std::string& known : shapes_) {
      if (known == name) return name;
    }
    shapes_.push_back(name);
    return nodes_.integers(name, sizes);
  }

  Value& value(TensorId tensor) { return values_[static_cast<std::size_t>(tensor)]; }
  [[nodiscard]] std::string named(const std::string& what) const { return layer_->name + "/" + what; }
  [[nodiscard]] std::string output_name() const { return named("output"); }

  const std::string& map(TensorId tensor) {
    Value& one = value(tensor);
    if (one.map.empty()) {  // rows are [1, C], or time steps
      one.map = one.row + "/map";
      nodes_.add("Reshape", {one.row, shape_of({1, one.shape.time, one.shape.freq, one.shape.channels})},
                 one.row + "/steps");
      nodes_.add("Transpose", {one.row + "/steps"}, one.map).set("perm", Sizes{0, 3, 1, 2});
    }
    return one.map;
  }
  const std::string& row(TensorId tensor) {
    Value& one = value(tensor);
    if (one.row.empty()) {
      one.row = one.map + "/row";
      std::string steps = one.map;
      if (one.shape.time * one.shape.freq > 1) {
        steps = one.map + "/steps";
        nodes_.add("Transpose", {one.map}, steps).set("perm", Sizes{0, 2, 3, 1});
      }
      nodes_.add("Reshape", {steps, shape_of({1, one.shape.elements()})}, one.row);
    }
    return one.row;
  }
  /// [T, 1, F C], as recurrent operators read it.
  std::string steps(TensorId tensor) {
    const Shape shape = value(tensor).shape;
    const std::string& flat = row(tensor);
    std::string name = named("steps");
    nodes_.add("Reshape", {flat, shape_of({shape.time, 1, shape.step()})}, name);
    return name;
  }

  const Tensor& weight(const char* name) const { return source_.weights.at(layer_->name + "/" + name); }
  [[nodiscard]] float number(const char* name, int at) const {
    return weight(name).data.at(static_cast<std::size_t>(at));
  }
  /// A parameter as it lies in memory.
  std::string parameter(const char* name, const Sizes& shape) {
    return nodes_.numbers(named(name), shape, weight(name).data);
  }
  TensorId first() const { return layer_->inputs.front(); }

  /// What nodes leave in `before`, through the layer's ReLU where it has one.
  std::string activated(const std::string& before, bool relu) {
    if (!relu) return before;
    nodes_.add("Relu", {before}, output_name());
    return output_name();
  }
  static Value as_map(const std::string& name) { return {.shape = {}, .map = name, .row = {}}; }
  static Value as_row(const std::string& name) { return {.shape = {}, .map = {}, .row = name}; }

  template <class Window>
  void set_window(const Nodes::Node& node, const Window& op) const {
    const auto [time, freq] = axes_of(*layer_, op);
    node.set("kernel_shape", Sizes{op.kernel.time, op.kernel.freq})
        .set("strides", Sizes{op.stride.time, op.stride.freq})
        .set("dilations", Sizes{op.dilation.time, op.dilation.freq})
        .set("pads", Sizes{time.before(), freq.before(), time.after(), freq.after()});
  }

  Value add(const Conv2d& op) {
    const int channels = layer_->input.channels, taps = op.kernel.time * op.kernel.freq;
    std::vector<float> kernel;  // [O, T, F, I] -> [O, I, T, F]
    for (int o = 0; o < op.filters; ++o) {
      for (int i = 0; i < channels; ++i) {
        for (int tap = 0; tap < taps; ++tap) {
          kernel.push_back(number("weight", (o * taps + tap) * channels + i));
        }
      }
    }
    const Sizes shape = {op.filters, channels, op.kernel.time, op.kernel.freq};
    set_window(
        nodes_.add("Conv",
                   {map(first()), nodes_.numbers(named("weight"), shape, kernel), parameter("bias", {op.filters})},
                   named("conv")),
        op);
    return as_map(activated(named("conv"), op.relu));
  }

  Value add(const Depthwise2d& op) {
    const int channels = layer_->input.channels, taps = op.kernel.time * op.kernel.freq;
    std::vector<float> kernel;  // [T, F, C] -> [C, 1, T, F]
    for (int c = 0; c < channels; ++c) {
      for (int tap = 0; tap < taps; ++tap) {
        kernel.push_back(number("weight", tap * channels + c));
      }
    }
    Names inputs = {map(first()),
                    nodes_.numbers(named("weight"), {channels, 1, op.kernel.time, op.kernel.freq}, kernel)};
    if (op.bands == 1) inputs.push_back(parameter("bias", {channels}));
    const Nodes::Node node = nodes_.add("Conv", inputs, named("conv"));
    node.set("group", std::int64_t{channels});
    set_window(node, op);
    if (op.bands == 1) return as_map(activated(named("conv"), op.relu));
    nodes_.add("Mul", {named("conv"), by_frequency("scale", op.bands)}, named("scaled"));
    nodes_.add("Add", {named("scaled"), by_frequency("bias", op.bands)}, named("normed"));
    return as_map(activated(named("normed"), op.relu));
  }

  /// [bands, C] -> [1, C, 1, F]
  std::string by_frequency(const char* name, int bands) {
    const int channels = layer_->output.channels, frequencies = layer_->output.freq;
    std::vector<float> values;
    for (int c = 0; c < channels; ++c) {
      for (int f = 0; f < frequencies; ++f) {
        const int band = f * bands / frequencies;
        values.push_back(number(name, band * channels + c));
      }
    }
    return nodes_.numbers(named(name), {1, channels, 1, frequencies}, values);
  }

  Value add(const AvgPool2d& op) {
    Sizes axes;
    if (op.over_time) axes.push_back(2);
    if (op.over_freq) axes.push_back(3);
    if (axes.empty()) {
      nodes_.add("Identity", {map(first())}, output_name());
    } else {
      nodes_.add("ReduceMean", {map(first())}, output_name()).set("axes", axes).set("keepdims", std::int64_t{1});
    }
    return as_map(output_name());
  }

  Value add(const Dense& op) {
    nodes_
        .add("Gemm",
             {row(first()), parameter("weight", {op.units, layer_->input.elements()}), parameter("bias", {op.units})},
             named("product"))
        .set("transB", std::int64_t{1});
    return as_row(activated(named("product"), op.relu));
  }

  Value add(const Add& op) {
    std::string second = map(layer_->inputs.at(1));  // one time step is added to each
    if (layer_->second.time > layer_->input.time) {
      const std::int64_t from = first_added(*layer_);
      nodes_.add("Slice",
                 {second, nodes_.integers(named("from"), {from}),
                  nodes_.integers(named("to"), {from + layer_->input.time}), nodes_.integers(named("axis"), {2})},
                 named("middle"));
      second = named("middle");
    }
    nodes_.add("Add", {map(first()), second}, named("sum"));
    return as_map(activated(named("sum"), op.relu));
  }

  Value add(const Activate& op) {
    const std::string in = map(first());
    const auto clipped = [&](const std::string& from, float low, float high) {
      nodes_.add("Clip", {from, nodes_.numbers(named("low"), {}, {low}), nodes_.numbers(named("high"), {}, {high})},
                 output_name());
    };
    switch (op.function) {
      case Function::relu:
        nodes_.add("Relu", {in}, output_name());
        break;
      case Function::relu6:
        clipped(in, 0.0F, 6.0F);
        break;
      case Function::swish:
        nodes_.add("Sigmoid", {in}, named("sigmoid"));
        nodes_.add("Mul", {in, named("sigmoid")}, output_name());
        break;
      case Function::hard_swish:
        nodes_.add("HardSigmoid", {in}, named("sigmoid")).set("alpha", 1.0F / 6.0F).set("beta", 0.5F);
        nodes_.add("Mul", {in, named("sigmoid")}, output_name());
        break;
      case Function::tanh:
        nodes_.add("Tanh", {in}, output_name());
        break;
      case Function::clip:
        clipped(in, 0.0F, 1.0F);
        break;
      case Function::gate:
        nodes_.add("Tanh", {in}, named("tanh"));
        nodes_.add("Add", {named("tanh"), nodes_.numbers(named("half"), {}, {0.5F})}, named("shifted"));
        clipped(named("shifted"), 0.0F, 1.0F);
        break;
    }
    return as_map(output_name());
  }

  /// Rows of gates in the order that ONNX has them.
  ///   order  for each of ONNX's gates ours
  std::string gates(const char* name, const std::vector<int>& order, int cells, int inputs, const Sizes& shape) {
    const std::vector<float>& all = weight(name).data;
    const auto rows = static_cast<std::ptrdiff_t>(cells) * inputs;
    std::vector<float> sorted;
    for (const int gate : order)
      sorted.insert(sorted.end(), all.begin() + gate * rows, all.begin() + (gate + 1) * rows);
    sorted.resize(static_cast<std::size_t>(shape[1] * (shape.size() > 2 ? shape[2] : 1)));  // no bias behind states
    return nodes_.numbers(named(name), shape, sorted);
  }

  Value add(const Gru& op) {
    const std::vector<int> order = {1, 0, 2};  // update, reset, new
    const int rows = 3 * op.cells, step = layer_->input.step();
    nodes_
        .add("GRU",
             {steps(first()), gates("weight", order, op.cells, step, {1, rows, step}),
              gates("recurrent_weight", order, op.cells, op.cells, {1, rows, op.cells}),
              gates("bias", order, op.cells, 1, {1, 2 * rows})},
             op.sequence ? Names{named("states")} : Names{"", named("states")})
        .set("hidden_size", std::int64_t{op.cells})
        .set("linear_before_reset", std::int64_t{1});
    // [T, 1, 1, cells], or the last [1, 1, cells]
    nodes_.add("Reshape", {named("states"), shape_of({1, layer_->output.elements()})}, output_name());
    return as_row(output_name());
  }

  /// ONNX's own LSTM has no projection and clips no cell: a Scan over the time steps.
  Value add(const Lstm& op) {
    const int outputs = layer_->output.channels, rows = 4 * op.cells, step = layer_->input.step();
    parameter("weight", {rows, step});
    parameter("bias", {rows});
    parameter("recurrent_weight", {rows, outputs});
    onnx::GraphProto body;
    write_lstm_step(body, op, step, outputs);
    const auto zeros = [&](const char* name, int count) {
      return nodes_.numbers(named(name), {1, count}, std::vector<float>(static_cast<std::size_t>(count)));
    };
    nodes_
        .add("Scan", {zeros("output_before", outputs), zeros("cell_before", op.cells), steps(first())},
             Names{output_name(), named("cell_after")})
        .set("num_scan_inputs", std::int64_t{1})
        .set("body", std::move(body));
    return as_row(output_name());
  }

  void write_lstm_step(onnx::GraphProto& body, const Lstm& op, int step, int outputs) {
    body.set_name(named("step"));
    Nodes at(body);
    const auto in = [this](const char* what) { return named(std::string("step/") + what); };
    at.input(in("output_before"), {1, outputs});
    at.input(in("cell_before"), {1, op.cells});
    at.input(in("input"), {1, step});
    at.add("Gemm", {in("input"), named("weight"), named("bias")}, in("of_input")).set("transB", std::int64_t{1});
    at.add("Gemm", {in("output_before"), named("recurrent_weight"), in("of_input")}, in("gates"))
        .set("transB", std::int64_t{1});
    at.add("Split", {in("gates")}, Names{in("input_gate"), in("forget_gate"), in("candidate"), in("output_gate")})
        .set("axis", std::int64_t{1});
    /// Its sigmoid, with the cell seen through the peephole of that row.
    const auto gate = [&](const char* name, const char* cell, int row) {
      std::string sum = in(name);
      if (op.peepholes) {
        const std::vector<float>& all = weight("peephole").data;
        const auto from = all.begin() + static_cast<std::ptrdiff_t>(row) * op.cells;
        const std::string hole =
            nodes_.numbers(named("peephole_" + std::to_string(row)), {op.cells}, {from, from + op.cells});
        at.add("Mul", {in(cell), hole}, sum + "/seen");
        at.add("Add", {sum, sum + "/seen"}, sum + "/sum");
        sum += "/sum";
      }
      at.add("Sigmoid", {sum}, in(name) + "/open");
      return in(name) + "/open";
    };
    const std::string input = gate("input_gate", "cell_before", 0), forget = gate("forget_gate", "cell_before", 1);
    at.add("Tanh", {in("candidate")}, in("fresh"));
    at.add("Mul", {input, in("fresh")}, in("written"));
    at.add("Mul", {forget, in("cell_before")}, in("kept"));
    at.add("Add", {in("kept"), in("written")}, in("cell_sum"));
    at.add("Clip",
           {in("cell_sum"), nodes_.numbers(named("cell_least"), {}, {-kCellLimit}),
            nodes_.numbers(named("cell_most"), {}, {kCellLimit})},
           in("cell"));
    const std::string open = gate("output_gate", "cell", 2);
    at.add("Tanh", {in("cell")}, in("cell_tanh"));
    at.add("Mul", {open, in("cell_tanh")}, op.projection > 0 ? in("hidden") : in("output"));
    if (op.projection > 0) {
      parameter("projection_weight", {op.projection, op.cells});
      at.add("Gemm", {in("hidden"), named("projection_weight")}, in("output")).set("transB", std::int64_t{1});
    }
    at.output(in("output"), {1, outputs});
    at.output(in("cell"), {1, op.cells});
  }

  const OnnxSource& source_;
  Nodes nodes_;
  const Layer* layer_ = nullptr;  ///< the one being written
  std::vector<Value> values_;     ///< by TensorId
  Names shapes_;
};

std::string write(const OnnxSource& source) {
  onnx::ModelProto model;
  model.set_ir_version(kFormat);
  model.set_producer_name("kwsmith");
  model.set_producer_version(source.version);
  onnx::OperatorSetIdProto& operators = *model.add_opset_import();
  operators.set_domain("");
  operators.set_version(kOperatorSet);
  model.mutable_graph()->set_name(source.name);
  NetworkWriter(source, *model.mutable_graph()).write();
  for (const auto& [key, text] : source.notes) {
    onnx::StringStringEntryProto& note = *model.add_metadata_props();
    note.set_key(key);
    note.set_value(text);
  }
  try {
    onnx::checker::check_model(model);
  } catch (const std::exception& error) {
    throw Error(source.name + ": the ONNX checker refuses it: " + error.what());
  }
  return model.SerializeAsString();
}

}  // namespace
}  // namespace kws

/// The library's one symbol: kOnnxModuleSymbol.
extern "C" __attribute__((visibility("default"))) const kws::OnnxModule& kws_onnx_module() {
  static const kws::OnnxModule module{.version = KWS_VERSION, .write = kws::write};
  return module;
}
