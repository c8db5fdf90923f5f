#include "stream_columns.h"

#include <algorithm>
#include <optional>
#include <variant>

namespace kws {
namespace {

/// New columns that a layer makes of those it reads; nothing: it needs all of its input.
struct FreshColumns {
  const Layer& layer;
  int fresh, second_fresh;
  bool carry;
  template <class Window>
  [[nodiscard]] std::optional<int> windowed(const Window& op) const {
    const WindowAxis axis = axes_of(layer, op).time;
    if (axis.before() != 0 || axis.after() != 0 || fresh % axis.stride != 0) return std::nullopt;
    return fresh / axis.stride;
  }
  std::optional<int> operator()(const Conv2d& op) const { return windowed(op); }
  std::optional<int> operator()(const Depthwise2d& op) const { return windowed(op); }
  std::optional<int> operator()(const AvgPool2d& op) const {
    return op.over_time ? std::nullopt : std::optional(fresh);
  }
  std::optional<int> operator()(const Add& /*op*/) const {
    const bool together = layer.second.time >= layer.input.time && fresh == second_fresh;
    return together ? std::optional(fresh) : std::nullopt;
  }
  std::optional<int> operator()(const Activate& /*op*/) const { return fresh; }
  std::optional<int> operator()(const Dense& /*op*/) const { return std::nullopt; }
  std::optional<int> operator()(const Lstm& /*op*/) const { return recurrent(); }
  std::optional<int> operator()(const Gru& /*op*/) const { return recurrent(); }
  /// A column for each that it reads, or one for all.
  [[nodiscard]] std::optional<int> recurrent() const {
    if (!carry || layer.input.time == 1) return std::nullopt;
    return layer.output.time == 1 ? 1 : fresh;
  }
};

/// What a layer reads of its input for the columns `made` of its output.
struct ReadColumns {
  const Layer& layer;
  Columns made;
  template <class Window>
  [[nodiscard]] Columns windowed(const Window& op) const {
    const WindowAxis axis = axes_of(layer, op).time;
    return {axis.in - (axis.out - made.first) * axis.stride,
            axis.in - (axis.out - made.behind - 1) * axis.stride - axis.span()};
  }
  Columns operator()(const Conv2d& op) const { return windowed(op); }
  Columns operator()(const Depthwise2d& op) const { return windowed(op); }
  template <class Other>
  Columns operator()(const Other& /*op*/) const {
    return made;
  }
};

}  // namespace

Columns read_of(const Layer& layer, Columns made) { return std::visit(ReadColumns{layer, made}, layer.op); }

Columns second_read_of(const Layer& layer, Columns made) {
  const int behind = layer.second.time - layer.input.time - first_added(layer);
  return {made.first + behind, made.behind + behind};
}

bool has_state(const Layer& layer) {
  return std::holds_alternative<Gru>(layer.op) || std::holds_alternative<Lstm>(layer.op);
}

int time_stride(const Layer& layer) {
  if (const auto* conv = std::get_if<Conv2d>(&layer.op)) return conv->stride.time;
  if (const auto* depthwise = std::get_if<Depthwise2d>(&layer.op)) return depthwise->stride.time;
  return 1;
}

std::vector<int> fresh_columns(const Graph& graph, int frames, bool carry) {
  std::vector<int> fresh = {frames};
  for (const Layer& layer : graph.layers()) {
    const auto of_input = [&](TensorId tensor) { return fresh[static_cast<std::size_t>(tensor)]; };
    const std::optional<int> columns =
        std::visit(FreshColumns{layer, of_input(layer.inputs.front()), of_input(layer.inputs.back()), carry}, layer.op);
    if (!columns || *columns > layer.output.time) break;
    fresh.push_back(*columns);
  }
  // Of these tensors the other layers may read the last one alone, and the first of them alone may read it: a decision
  // in parts lets the flow go on behind it.
  const auto read_later = [&](std::size_t tensors) {
    const int first_other = static_cast<int>(tensors) - 1;
    for (std::size_t t = 0; t + 1 < tensors; ++t) {
      if (graph.last_reader(static_cast<TensorId>(t)) >= first_other) return true;
    }
    return graph.last_reader(static_cast<TensorId>(first_other)) != first_other;
  };
  fresh.resize(std::min(fresh.size(), graph.layers().size()));
  while (fresh.size() > 1 && read_later(fresh.size())) fresh.pop_back();
  return fresh;
}

}  // namespace kws
