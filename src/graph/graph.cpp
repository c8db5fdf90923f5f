#include "kws/graph/graph.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "kws/core/error.h"

namespace kws {

namespace {

int output_size(int in, int kernel, int stride, Padding padding) {
  const int reach = padding == Padding::same ? in : in - kernel + 1;
  return reach <= 0 ? 0 : (reach + stride - 1) / stride;
}

struct OutputShape {
  Shape in;
  Shape windowed(Extent kernel, Extent stride, Padding padding, int channels) const {
    return {output_size(in.time, kernel.time, stride.time, padding),
            output_size(in.freq, kernel.freq, stride.freq, padding), channels};
  }
  Shape operator()(const Conv2d& op) const { return windowed(op.kernel, op.stride, op.padding, op.filters); }
  Shape operator()(const Depthwise2d& op) const { return windowed(op.kernel, op.stride, op.padding, in.channels); }
  Shape operator()(const AvgPool2d& /*op*/) const { return {1, 1, in.channels}; }
  Shape operator()(const Dense& op) const { return {1, 1, op.units}; }
  Shape operator()(const Lstm& op) const { return {1, 1, op.projection > 0 ? op.projection : op.cells}; }
  Shape operator()(const Gru& op) const { return {op.sequence ? in.time : 1, 1, op.cells}; }
};

struct ParametersOf {
  const Layer& layer;
  std::vector<ParameterSpec> operator()(const Conv2d& op) const {
    return {{"weight", {op.filters, op.kernel.time, op.kernel.freq, layer.input.channels}}, {"bias", {op.filters}}};
  }
  std::vector<ParameterSpec> operator()(const Depthwise2d& op) const {
    const int channels = layer.input.channels;
    return {{"weight", {op.kernel.time, op.kernel.freq, channels}}, {"bias", {channels}}};
  }
  std::vector<ParameterSpec> operator()(const AvgPool2d& /*op*/) const { return {}; }
  std::vector<ParameterSpec> operator()(const Dense& op) const {
    return {{"weight", {op.units, layer.input.elements()}}, {"bias", {op.units}}};
  }
  std::vector<ParameterSpec> operator()(const Lstm& op) const {
    std::vector<ParameterSpec> specs = {{"weight", {4 * op.cells, layer.input.step()}},
                                        {"recurrent_weight", {4 * op.cells, layer.output.channels}},
                                        {"bias", {4 * op.cells}}};
    if (op.peepholes) specs.push_back({"peephole", {3, op.cells}});
    if (op.projection > 0) specs.push_back({"projection_weight", {op.projection, op.cells}});
    return specs;
  }
  std::vector<ParameterSpec> operator()(const Gru& op) const {
    return {{"weight", {3 * op.cells, layer.input.step()}},
            {"recurrent_weight", {3 * op.cells, op.cells}},
            {"bias", {3 * op.cells}}};
  }
};

struct OpName {
  std::string_view operator()(const Conv2d& /*op*/) const { return "conv2d"; }
  std::string_view operator()(const Depthwise2d& /*op*/) const { return "depthwise2d"; }
  std::string_view operator()(const AvgPool2d& /*op*/) const { return "avg_pool2d"; }
  std::string_view operator()(const Dense& /*op*/) const { return "dense"; }
  std::string_view operator()(const Lstm& /*op*/) const { return "lstm"; }
  std::string_view operator()(const Gru& /*op*/) const { return "gru"; }
};

std::string shape_text(const Shape& shape) {
  return std::to_string(shape.time) + "x" + std::to_string(shape.freq) + "x" + std::to_string(shape.channels);
}

}  // namespace

Graph& Graph::add(std::string name, const Op& op) {
  const Shape in = output();
  const Shape out = std::visit(OutputShape{in}, op);
  if (out.time <= 0 || out.freq <= 0 || out.channels <= 0) {
    throw Error("layer " + name + ": the kernel does not fit into its input map of " + shape_text(in) +
                    "; use a smaller kernel or stride before it",
                Exit::usage);
  }
  layers_.push_back({std::move(name), op, in, out});
  return *this;
}

std::string_view op_name(const Op& op) { return std::visit(OpName{}, op); }

int pad_before(int in, int out, int kernel, int stride, Padding padding) {
  if (padding == Padding::valid) return 0;
  return std::max(0, (out - 1) * stride + kernel - in) / 2;
}

std::int64_t ParameterSpec::elements() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::vector<ParameterSpec> parameters_of(const Layer& layer) { return std::visit(ParametersOf{layer}, layer.op); }

}  // namespace kws
