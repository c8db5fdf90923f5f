#include "kws/cost/stream_plan.h"

#include <algorithm>
#include <variant>

#include "sizes.h"
#include "work.h"

namespace kws {
namespace {

int word_aligned(int bytes) { return (bytes + 3) / 4 * 4; }

/// New columns that a layer makes of those it reads; nothing: it needs all of its input.
struct FreshColumns {
  const Layer& layer;
  int fresh, second_fresh;
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
  std::optional<int> operator()(const Lstm& /*op*/) const { return std::nullopt; }
  std::optional<int> operator()(const Gru& /*op*/) const { return std::nullopt; }
};

/// Columns that a layer reads for `fresh` new ones, and how many columns before the end of its input they begin.
struct ReadColumns {
  const Layer& layer;
  int fresh;
  struct Read {
    int columns, back;
  };
  template <class Window>
  [[nodiscard]] Read windowed(const Window& op) const {
    const WindowAxis axis = axes_of(layer, op).time;
    return {axis.span() + (fresh - 1) * axis.stride, axis.in - (axis.out - fresh) * axis.stride};
  }
  Read operator()(const Conv2d& op) const { return windowed(op); }
  Read operator()(const Depthwise2d& op) const { return windowed(op); }
  template <class Other>
  Read operator()(const Other& /*op*/) const {
    return {fresh, fresh};
  }
};
ReadColumns::Read read_of(const Layer& layer, int fresh) { return std::visit(ReadColumns{layer, fresh}, layer.op); }
/// How many columns before the end of its second input those that it reads begin.
int second_back(const Layer& layer, int fresh) {
  return layer.inputs.size() > 1 ? fresh + layer.second.time - layer.input.time - first_added(layer) : 0;
}

/// New columns of each tensor as far as layers flow: the network's input, then their outputs.
std::vector<int> fresh_columns(const Graph& graph, int frames) {
  std::vector<int> fresh = {frames};
  for (const Layer& layer : graph.layers()) {
    const auto of_input = [&](TensorId tensor) { return fresh[static_cast<std::size_t>(tensor)]; };
    const std::optional<int> columns =
        std::visit(FreshColumns{layer, of_input(layer.inputs.front()), of_input(layer.inputs.back())}, layer.op);
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

/// Gives tensors and scratch the lowest free places of an arena.
class FirstFit {
 public:
  ///   last  the last step that needs these bytes
  int place(int bytes, int step, int last) {
    std::erase_if(taken_, [step](const Span& span) { return span.last < step; });
    std::ranges::sort(taken_, {}, &Span::begin);
    int at = 0;
    for (const Span& span : taken_) {
      if (at + bytes <= span.begin) break;
      at = std::max(at, word_aligned(span.end));
    }
    taken_.push_back({at, at + bytes, last});
    most_ = std::max(most_, word_aligned(at + bytes));
    return at;
  }
  [[nodiscard]] int bytes() const { return most_; }

 private:
  struct Span {
    int begin, end, last;
  };
  std::vector<Span> taken_;
  int most_ = 0;
};

class Planner {
 public:
  Planner(const Graph& graph, std::vector<int> fresh) : graph_(graph), fresh_(std::move(fresh)) {
    plan_.frames = fresh_.front();
    plan_.flowing = fresh_.size() - 1;
  }

  StreamPlan plan() {
    keep_columns();
    FirstFit flow, decision;
    for (std::size_t i = 0; i < graph_.layers().size(); ++i) step(i, i < plan_.flowing ? flow : decision);
    plan_.arena_bytes = flow.bytes();
    plan_.decision_arena_bytes = decision.bytes();
    return std::move(plan_);
  }

 private:
  /// Columns of the tensors that flow: new ones alone lie in the arena.
  void keep_columns() {
    held_ = fresh_;
    for (std::size_t i = 0; i < plan_.flowing; ++i) {
      const Layer& layer = graph_.layers()[i];
      const auto hold = [&](TensorId input, int back) {
        int& held = held_[static_cast<std::size_t>(input)];
        held = std::max(held, back);
      };
      hold(layer.inputs.front(), read_of(layer, fresh_[i + 1]).back);
      hold(layer.inputs.back(), second_back(layer, fresh_[i + 1]));
    }
    held_.back() = graph_.shape(static_cast<TensorId>(plan_.flowing)).time;
    places_.resize(graph_.layers().size() + 1);
    for (std::size_t t = 0; t < held_.size(); ++t) {
      if (t > 0 && t < plan_.flowing && held_[t] == fresh_[t]) continue;
      places_[t] = {.kept = true, .offset = plan_.state_bytes};
      plan_.rings.push_back({.tensor = static_cast<TensorId>(t),
                             .offset = plan_.state_bytes,
                             .column_bytes = graph_.shape(static_cast<TensorId>(t)).step(),
                             .columns = held_[t],
                             .fresh = fresh_[t]});
      plan_.state_bytes += word_aligned(plan_.rings.back().bytes());
    }
  }

  /// A place `columns` before the end of a tensor that flows.
  [[nodiscard]] StreamPlan::Place before_end(TensorId tensor, int columns) const {
    StreamPlan::Place place = places_[static_cast<std::size_t>(tensor)];
    place.offset += (held_[static_cast<std::size_t>(tensor)] - columns) * graph_.shape(tensor).step();
    return place;
  }

  void step(std::size_t i, FirstFit& arena) {
    const int at = static_cast<int>(i);
    const bool flows = i < plan_.flowing;
    StreamPlan::Step& step = plan_.steps.emplace_back();
    step.layer = graph_.layers()[i];
    Layer& layer = step.layer;
    const TensorId output = static_cast<TensorId>(i) + 1;
    const int fresh = flows ? fresh_[i + 1] : 0;
    const ReadColumns::Read read = read_of(layer, fresh);
    const int back_of_second = second_back(layer, fresh);
    if (flows) {
      layer.input.time = read.columns;
      if (layer.inputs.size() > 1) layer.second.time = read.columns;
      layer.output.time = fresh;
    }
    if (output < graph_.last() && !places_[i + 1].kept) {
      places_[i + 1].offset = arena.place(layer.output.elements(), at, graph_.last_reader(output));
    }
    step.scratch_bytes = scratch_bytes(layer);
    if (step.scratch_bytes > 0) step.scratch_offset = arena.place(step.scratch_bytes, at, at);
    const auto place = [&](TensorId tensor, int back) {
      return flows ? before_end(tensor, back) : places_[static_cast<std::size_t>(tensor)];
    };
    step.input = place(layer.inputs.front(), read.back);
    step.second = place(layer.inputs.back(), back_of_second);
    step.output = flows ? before_end(output, fresh) : places_[i + 1];
  }

  const Graph& graph_;
  std::vector<int> fresh_, held_;  // columns of the tensors that flow
  std::vector<StreamPlan::Place> places_;
  StreamPlan plan_;
};

double instructions(const Layer& layer) {
  return work_of(task_of(kernel_of(layer)), layer_terms(layer, kReportCore), kReportCore).instructions;
}
double whole_instructions(const Graph& graph) {
  double sum = 0;
  for (const Layer& layer : graph.layers()) sum += instructions(layer);
  return sum;
}
double instructions_of(const StreamPlan& plan) {
  double sum = 0;
  for (const StreamPlan::Step& step : plan.steps) sum += instructions(step.layer);
  return sum;
}

constexpr double kWorthIt = 0.75;  ///< of the instructions

}  // namespace

std::optional<StreamPlan> plan_stream(const Graph& graph, int frames) {
  std::vector<int> fresh = fresh_columns(graph, frames);
  if (fresh.size() == 1) return std::nullopt;
  StreamPlan plan = Planner(graph, std::move(fresh)).plan();
  if (instructions_of(plan) > kWorthIt * whole_instructions(graph)) return std::nullopt;
  return plan;
}

int default_hop_ms(const Graph& graph, int stride_ms, bool flow) {
  constexpr int kDefaultHopMs = 100;
  const int most = std::max(1, kDefaultHopMs / stride_ms);
  if (!flow || fresh_columns(graph, 0).size() == 1) return most * stride_ms;  // whatever the hop, nothing flows
  const double whole = whole_instructions(graph);
  const auto a_frame = [&](int frames) {
    const std::optional<StreamPlan> plan = plan_stream(graph, frames);
    return (plan ? instructions_of(*plan) : whole) / frames;
  };
  int best = most;
  double least = kWorthIt * a_frame(most);
  for (int frames = most - 1; 2 * frames >= most; --frames) {
    if (const double work = a_frame(frames); work < least) {
      best = frames;
      least = kWorthIt * work;
    }
  }
  return best * stride_ms;
}

}  // namespace kws
