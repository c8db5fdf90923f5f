#include "kws/graph/graph.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <functional>
#include <numeric>

#include "kws/core/error.h"

namespace kws {

namespace {

struct OutputShape {
  Shape in;
  template <class Window>
  Shape windowed(const Window& op, int channels) const {
    return {window_output(in.time, op.kernel.time, op.stride.time, op.padding.time, op.dilation.time),
            window_output(in.freq, op.kernel.freq, op.stride.freq, op.padding.freq, op.dilation.freq), channels};
  }
  Shape operator()(const Conv2d& op) const { return windowed(op, op.filters); }
  Shape operator()(const Depthwise2d& op) const { return windowed(op, in.channels); }
  Shape operator()(const AvgPool2d& op) const {
    return {op.over_time ? 1 : in.time, op.over_freq ? 1 : in.freq, in.channels};
  }
  Shape operator()(const Add& /*op*/) const { return in; }
  Shape operator()(const Activate& /*op*/) const { return in; }
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
    const ParameterSpec weight{"weight", {op.kernel.time, op.kernel.freq, channels}};
    if (op.bands == 1) return {weight, {"bias", {channels}}};
    return {weight, {"scale", {op.bands, channels}}, {"bias", {op.bands, channels}}};
  }
  std::vector<ParameterSpec> operator()(const AvgPool2d& /*op*/) const { return {}; }
  std::vector<ParameterSpec> operator()(const Add& /*op*/) const { return {}; }
  std::vector<ParameterSpec> operator()(const Activate& /*op*/) const { return {}; }
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
  std::string_view operator()(const Add& /*op*/) const { return "add"; }
  std::string_view operator()(const Activate& op) const { return function_name(op.function); }
};

struct FunctionRow {
  std::string_view name;
  double (*value)(double);
};
double sigmoid_of(double x) { return 1.0 / (1.0 + std::exp(-x)); }
/// In the order of Function.
constexpr std::array<FunctionRow, 7> kFunctions = {{
    {"relu", [](double x) { return std::max(x, 0.0); }},
    {"relu6", [](double x) { return std::clamp(x, 0.0, 6.0); }},
    {"swish", [](double x) { return x * sigmoid_of(x); }},
    {"hard_swish", [](double x) { return x * std::clamp(x + 3.0, 0.0, 6.0) / 6.0; }},
    {"tanh", [](double x) { return std::tanh(x); }},
    {"clip", [](double x) { return std::clamp(x, 0.0, 1.0); }},
    {"gate", [](double x) { return std::clamp(std::tanh(x) + 0.5, 0.0, 1.0); }},
}};
const FunctionRow& row_of(Function function) { return kFunctions.at(static_cast<std::size_t>(function)); }

std::string shape_text(const Shape& shape) {
  return std::to_string(shape.time) + "x" + std::to_string(shape.freq) + "x" + std::to_string(shape.channels);
}

}  // namespace

int window_output(int in, int kernel, int stride, Padding padding, int dilation) {
  const int reach = padding == Padding::valid ? in - (kernel - 1) * dilation : in;
  return reach <= 0 ? 0 : (reach + stride - 1) / stride;
}

Graph& Graph::add(std::string name, const Op& op) {
  add(std::move(name), op, {last()});
  return *this;
}

TensorId Graph::add(std::string name, const Op& op, std::vector<TensorId> inputs) {
  assert(inputs.size() == (std::holds_alternative<Add>(op) ? 2U : 1U));
  assert(std::ranges::all_of(inputs, [&](TensorId tensor) { return tensor >= 0 && tensor <= last(); }));
  const Shape in = shape(inputs.front());
  const Shape second = inputs.size() > 1 ? shape(inputs.back()) : Shape{};
  const Shape out = std::visit(OutputShape{in}, op);
  if (out.time <= 0 || out.freq <= 0 || out.channels <= 0) {
    throw Error("layer " + name + ": the kernel does not fit into its input map of " + shape_text(in) +
                    "; use a smaller kernel or stride before it",
                Exit::usage);
  }
  if (const auto* window = std::get_if<Depthwise2d>(&op); window != nullptr && window->bands > out.freq) {
    throw Error("layer " + name + ": " + std::to_string(window->bands) + " sub-bands for the " +
                    std::to_string(out.freq) + " frequencies of its output; use fewer",
                Exit::usage);
  }
  const auto* sum = std::get_if<Add>(&op);
  const bool cropped = sum != nullptr && sum->crop && second.time > in.time;
  const bool agree = second.channels == in.channels && (second.time == in.time || second.time == 1 || cropped) &&
                     (second.freq == in.freq || second.freq == 1);
  if (inputs.size() > 1 && !agree) {
    throw Error("layer " + name + ": cannot add maps of " + shape_text(in) + " and " + shape_text(second) +
                    "; give both branches the same strides and filters",
                Exit::usage);
  }
  const int index = last();
  for (const TensorId tensor : inputs) {
    int& reader = last_readers_[static_cast<std::size_t>(tensor)];
    for (int between = reader + 1; between < index; ++between) {
      layers_[static_cast<std::size_t>(between)].held += shape(tensor).elements();
    }
    reader = index;
  }
  layers_.push_back({std::move(name), op, in, out, std::move(inputs), second, 0});
  last_readers_.push_back(index);
  return last();
}

Shape Graph::shape(TensorId tensor) const {
  return tensor == 0 ? input_ : layers_[static_cast<std::size_t>(tensor) - 1].output;
}

bool Graph::chain() const {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (layers_[i].inputs != std::vector{static_cast<TensorId>(i)}) return false;
  }
  return true;
}

int first_added(const Layer& layer) { return std::max(0, layer.second.time - layer.input.time) / 2; }

std::string_view op_name(const Op& op) { return std::visit(OpName{}, op); }

std::string_view function_name(Function function) { return row_of(function).name; }

double value_of(Function function, double x) { return row_of(function).value(x); }

int WindowAxis::before() const {
  if (padding == Padding::valid) return 0;
  if (padding == Padding::causal) return span() - 1;
  return std::max(0, (out - 1) * stride + span() - in) / 2;
}

int WindowAxis::after() const {
  return padding == Padding::valid ? 0 : std::max(0, (out - 1) * stride + span() - in - before());
}

std::int64_t ParameterSpec::elements() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::vector<ParameterSpec> parameters_of(const Layer& layer) { return std::visit(ParametersOf{layer}, layer.op); }

}  // namespace kws
