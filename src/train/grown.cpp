#include "kws/train/grown.h"

#include <algorithm>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "kws/core/error.h"
#include "kws/fused/parameters.h"
#include "kws/train/float_run.h"

namespace kws {
namespace {

/// How one axis of a tensor lies in that of the larger network.
struct Axis {
  bool output = false;  ///< of what the layer gives; along the others it is read
  int size = 0, before = 0;
  int first = 0;  ///< where the smaller one begins
};

/// The axes of a layer's tensors.
struct Axes {
  const Layer &layer, &from;

  [[nodiscard]] Axis output(int size, int before) const { return {true, size, before}; }
  [[nodiscard]] Axis input(int size, int before) const { return {false, size, before}; }
  [[nodiscard]] Axis kernel(const WindowAxis& now, const WindowAxis& then) const {
    // Of a dilated kernel the old taps may fall between the new ones: then it is no larger form.
    const int shift = now.before() - then.before();
    return {false, now.kernel, then.kernel, shift % now.dilation == 0 ? shift / now.dilation : -1};
  }
  /// A vector in layout order.
  [[nodiscard]] std::vector<Axis> vector(bool time) const {
    std::vector<Axis> axes;
    if (time) axes.push_back(input(layer.input.time, from.input.time));
    axes.push_back(input(layer.input.freq, from.input.freq));
    axes.push_back(input(layer.input.channels, from.input.channels));
    return axes;
  }
  /// Gates that stand behind one another, each of all cells.
  [[nodiscard]] std::vector<Axis> gates(const ParameterSpec& spec, int cells, int before,
                                        std::vector<Axis> read) const {
    const int count = spec.shape[0] / cells;
    read.insert(read.begin(), {output(count, count), output(cells, before)});
    return read;
  }

  std::vector<Axis> operator()(const Conv2d& op, const ParameterSpec& spec) const {
    const auto& then = std::get<Conv2d>(from.op);
    if (spec.name == "bias") return {output(op.filters, then.filters)};
    const WindowAxes now_axes = axes_of(layer, op), then_axes = axes_of(from, then);
    return {output(op.filters, then.filters), kernel(now_axes.time, then_axes.time),
            kernel(now_axes.freq, then_axes.freq), input(layer.input.channels, from.input.channels)};
  }
  std::vector<Axis> operator()(const Depthwise2d& op, const ParameterSpec& spec) const {
    const Axis channels = output(layer.input.channels, from.input.channels);
    if (spec.name != "weight") {
      return op.bands > 1 ? std::vector{output(op.bands, op.bands), channels} : std::vector{channels};
    }
    const WindowAxes now_axes = axes_of(layer, op), then_axes = axes_of(from, std::get<Depthwise2d>(from.op));
    return {kernel(now_axes.time, then_axes.time), kernel(now_axes.freq, then_axes.freq), channels};
  }
  std::vector<Axis> operator()(const Dense& op, const ParameterSpec& spec) const {
    std::vector<Axis> axes = spec.name == "bias" ? std::vector<Axis>{} : vector(true);
    axes.insert(axes.begin(), output(op.units, std::get<Dense>(from.op).units));
    return axes;
  }
  std::vector<Axis> operator()(const Lstm& op, const ParameterSpec& spec) const {
    const auto& then = std::get<Lstm>(from.op);
    const Axis recurrent = input(layer.output.channels, from.output.channels);
    if (spec.name == "projection_weight") {
      return {output(op.projection, then.projection), input(op.cells, then.cells)};
    }
    if (spec.name == "peephole") return {output(3, 3), output(op.cells, then.cells)};
    if (spec.name == "bias") return gates(spec, op.cells, then.cells, {});
    return gates(spec, op.cells, then.cells, spec.name == "weight" ? vector(false) : std::vector{recurrent});
  }
  std::vector<Axis> operator()(const Gru& op, const ParameterSpec& spec) const {
    const auto& then = std::get<Gru>(from.op);
    if (spec.name == "bias") return gates(spec, op.cells, then.cells, {});
    return gates(spec, op.cells, then.cells,
                 spec.name == "weight" ? vector(false) : std::vector{input(op.cells, then.cells)});
  }
  std::vector<Axis> operator()(const AvgPool2d& /*op*/, const ParameterSpec& /*spec*/) const { return {}; }
  std::vector<Axis> operator()(const Add& /*op*/, const ParameterSpec& /*spec*/) const { return {}; }
  std::vector<Axis> operator()(const Activate& /*op*/, const ParameterSpec& /*spec*/) const { return {}; }
};

/// Writes the smaller tensor into the larger one, which holds what begins at random.
void place(const std::vector<Axis>& axes, const Tensor& from, Tensor& to) {
  for (std::size_t at = 0; at < to.data.size(); ++at) {
    std::size_t rest = at, source = 0, step = 1;
    bool known = true, new_output = false;
    for (std::size_t i = axes.size(); i-- > 0;) {
      const Axis& axis = axes[i];
      const int place = static_cast<int>(rest % static_cast<std::size_t>(axis.size)) - axis.first;
      rest /= static_cast<std::size_t>(axis.size);
      const bool inside = place >= 0 && place < axis.before;
      known = known && inside;
      new_output = new_output || (axis.output && !inside);
      if (inside) source += static_cast<std::size_t>(place) * step;
      step *= static_cast<std::size_t>(axis.before);
    }
    if (known) {
      to.data[at] = from.data[source];
    } else if (!new_output) {
      to.data[at] = 0.0F;
    }
  }
}

bool same_extents(Shape a, Shape b) { return a.time == b.time && a.freq == b.freq; }

/// Whether windows move alike; other layers have none.
bool same_steps(const Op& now, const Op& then) {
  return std::visit(
      [&](const auto& op) {
        if constexpr (requires { op.stride; }) {
          const auto& other = std::get<std::decay_t<decltype(op)>>(then);
          bool bands = true;
          if constexpr (requires { op.bands; }) bands = op.bands == other.bands;
          return bands && op.stride == other.stride && op.dilation == other.dilation;
        } else {
          return true;
        }
      },
      now);
}

}  // namespace

Weights grown(const Graph& graph, const Graph& from, const Weights& weights, std::uint64_t seed) {
  const ParameterLayout layout(graph);
  const NetState state = initial_state(graph, layout, seed);
  Weights result = folded(graph, layout, state.parameters, state.statistics);
  const auto refuse = [](const std::string& layer) {
    throw Error("layer " + layer +
                    ": the design is no larger form of the model to start from; its layers may be wider or have larger "
                    "kernels, and nothing else may differ",
                Exit::usage);
  };
  const std::vector<Layer>& layers = graph.layers();
  if (layers.size() != from.layers().size()) refuse(layers.back().name);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Layer &now = layers[i], &then = from.layers()[i];
    const bool alike = now.name == then.name && now.op.index() == then.op.index() && now.inputs == then.inputs &&
                       same_extents(now.input, then.input) && same_extents(now.output, then.output) &&
                       same_steps(now.op, then.op);
    if (!alike) refuse(now.name);
    const std::vector<ParameterSpec> specs = parameters_of(now), before = parameters_of(then);
    if (specs.size() != before.size()) refuse(now.name);
    for (std::size_t p = 0; p < specs.size(); ++p) {
      const std::string name = now.name + "/" + specs[p].name;
      const auto axes = std::visit([&](const auto& op) { return Axes{now, then}(op, specs[p]); }, now.op);
      const auto fits = [](const Axis& axis) { return axis.first >= 0 && axis.first + axis.before <= axis.size; };
      if (specs[p].name != before[p].name || !std::ranges::all_of(axes, fits)) refuse(now.name);
      place(axes, weights.at(name), result.at(name));
    }
  }
  return result;
}

}  // namespace kws
