#include "kws/cost/stream_plan.h"

#include <algorithm>
#include <array>
#include <variant>

#include "kws/core/error.h"
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

/// Columns of a tensor from `first` to `behind`, both counted back from its end.
struct Columns {
  int first = 0, behind = 0;
  [[nodiscard]] int count() const { return first - behind; }
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
Columns read_of(const Layer& layer, Columns made) { return std::visit(ReadColumns{layer, made}, layer.op); }
/// The same of an Add's second input.
Columns second_read_of(const Layer& layer, Columns made) {
  const int behind = layer.second.time - layer.input.time - first_added(layer);
  return {made.first + behind, made.behind + behind};
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

/// Places of rings in the state. A ring that keeps some columns and takes fresh ones on behind them is moved down by
/// these at the beginning of a call. So its first bytes are free once all have read them, and its last ones until the
/// fresh columns are written.
class RingPacker {
 public:
  /// The first place that others may have.
  explicit RingPacker(int begin) : begin_(begin), end_(begin) {}

  ///   kept, fresh  bytes
  ///   write, last  step that writes the fresh columns, the last one that reads any
  int place(int kept, int fresh, int write, int last) {
    Region region{0, kept, fresh, write, last};
    std::vector<int> candidates = {begin_};
    for (const Region& there : placed_) {
      const int behind = there.begin + there.kept + there.fresh;
      for (const int at : {there.begin + there.kept, behind - fresh, behind}) {
        if (at > begin_) candidates.push_back(word_aligned(at));
      }
    }
    std::ranges::sort(candidates);
    for (const int at : candidates) {
      region.begin = at;
      if (std::ranges::none_of(placed_, [&](const Region& there) { return clash(region, there); })) break;
    }
    placed_.push_back(region);
    end_ = std::max(end_, word_aligned(region.begin + kept + fresh));
    return region.begin;
  }
  [[nodiscard]] int end() const { return end_; }

 private:
  static constexpr int kAlways = 1 << 30;
  struct Region {
    int begin, kept, fresh, write, last;
  };
  struct Span {
    int begin, end;    // bytes
    int first, until;  // steps
    [[nodiscard]] bool meets(const Span& other) const {
      return begin < other.end && other.begin < end && first <= other.until && other.first <= until;
    }
  };
  /// Bytes in use: those kept, all of them, those that the next call keeps.
  static std::array<Span, 3> spans(const Region& r) {
    return {{{r.begin, r.begin + r.kept, 0, r.last},
             {r.begin, r.begin + r.kept + r.fresh, r.write, r.last},
             {r.begin + r.fresh, r.begin + r.kept + r.fresh, r.write, kAlways}}};
  }
  static bool clash(const Region& a, const Region& b) {
    return std::ranges::any_of(spans(a), [&](const Span& one) {
      return std::ranges::any_of(spans(b), [&](const Span& other) { return one.meets(other); });
    });
  }

  int begin_, end_;
  std::vector<Region> placed_;
};

/// The layers of a flow, then the others.
class Planner {
 public:
  Planner(const Graph& graph, std::vector<int> fresh) : graph_(graph), fresh_(std::move(fresh)) {
    plan_.frames = fresh_.front();
    plan_.flowing = fresh_.size() - 1;
    const Layer& next = graph_.layers()[plan_.flowing];
    const auto* pool = std::get_if<AvgPool2d>(&next.op);
    constexpr int kSumBytes = 2;
    constexpr int kMostSummed = 256;  // of -128..127 in 16 bits
    for (std::size_t t = 0; t <= plan_.flowing; ++t) column_bytes_.push_back(shape(t).step());
    sums_ = pool != nullptr && pool->over_time && next.output.freq == 1 && next.input.freq > kSumBytes &&
            next.input.freq <= kMostSummed;
    if (sums_) {
      column_bytes_.push_back(kSumBytes * next.input.channels);
      fresh_.push_back(fresh_.back());
    }
    plan_.in_flow = fresh_.size() - 1;
    for (std::size_t i = 0; i < graph_.layers().size(); ++i) {
      if (i == plan_.flowing && sums_) {
        add_step(i, StreamPlan::Part::column_sums);
        add_step(i, StreamPlan::Part::mean_of_sums);
      } else {
        add_step(i, StreamPlan::Part::whole);
      }
    }
    late_.resize(fresh_.size());
  }

  [[nodiscard]] const std::vector<StreamPlan::Step>& steps() const { return plan_.steps; }

  /// Columns at the end of a window that nothing in it reads yet may be computed later: what they are made of is kept
  /// longer, they are kept for a shorter time. So are they where that takes less memory.
  StreamPlan plan() {
    place();
    StreamPlan best = plan_;
    const auto bytes = [](const StreamPlan& plan) {
      return plan.state_bytes + std::max(plan.arena_bytes, plan.decision_arena_bytes);
    };
    for (std::size_t t = plan_.in_flow; t-- > 1;) {
      if (most_late(t) == 0) continue;
      late_[t] = true;
      place();
      if (bytes(plan_) < bytes(best)) {
        best = plan_;
      } else {
        late_[t] = false;
      }
    }
    return best;
  }

 private:
  [[nodiscard]] Shape shape(std::size_t tensor) const { return graph_.shape(static_cast<TensorId>(tensor)); }

  /// The layer of a step, with the columns that it takes.
  void add_step(std::size_t index, StreamPlan::Part part) {
    StreamPlan::Step& step = plan_.steps.emplace_back();
    step.index = index;
    step.part = part;
    Layer& layer = step.layer = graph_.layers()[index];
    if (part == StreamPlan::Part::mean_of_sums) layer.input.freq = 1;
    if (plan_.steps.size() > plan_.in_flow) return;
    const int fresh = fresh_[plan_.steps.size()];
    if (part == StreamPlan::Part::column_sums) {
      layer.op = AvgPool2d{.over_time = false};
      layer.input.time = layer.output.time = fresh;
      return;
    }
    layer.input.time = read_of(layer, {fresh, 0}).count();
    if (layer.inputs.size() > 1) layer.second.time = layer.input.time;
    layer.output.time = fresh;
  }

  /// Calls use(tensor, read) for each tensor that a step of the flow reads.
  template <class Use>
  void each_read(std::size_t step, const Use& use) const {
    const Columns made{late_columns_[step + 1] + fresh_[step + 1], late_columns_[step + 1]};
    if (step == plan_.flowing) return use(step, made);  // the sums
    const Layer& layer = graph_.layers()[step];
    use(static_cast<std::size_t>(layer.inputs.front()), read_of(layer, made));
    if (layer.inputs.size() > 1) use(static_cast<std::size_t>(layer.inputs.back()), second_read_of(layer, made));
  }

  /// Columns at the end of a tensor that no step reads, from late_columns_ of those behind it.
  [[nodiscard]] int most_late(std::size_t tensor) const {
    std::optional<int> least;
    for (std::size_t s = tensor; s < plan_.in_flow; ++s) {
      each_read(s, [&](std::size_t read, Columns columns) {
        if (read == tensor) least = std::min(least.value_or(columns.behind), columns.behind);
      });
    }
    return least.value_or(0);
  }

  void place() {
    find_columns();
    place_rings();
    FirstFit flow, decision;
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) place_step(s, s < plan_.in_flow ? flow : decision);
    plan_.arena_bytes = flow.bytes();
    plan_.decision_arena_bytes = decision.bytes();
  }

  /// How many columns of each tensor are held, and until which step: new ones alone lie in the arena.
  void find_columns() {
    late_columns_.assign(fresh_.size(), 0);
    for (std::size_t t = plan_.in_flow; t-- > 1;) late_columns_[t] = late_[t] ? most_late(t) : 0;
    held_ = fresh_;
    last_.assign(fresh_.size(), static_cast<int>(plan_.in_flow));
    for (std::size_t s = 0; s < plan_.in_flow; ++s) {
      each_read(s, [&](std::size_t tensor, Columns columns) {
        held_[tensor] = std::max(held_[tensor], columns.first - late_columns_[tensor]);
        last_[tensor] = static_cast<int>(s);
      });
    }
    held_.back() = shape(plan_.flowing).time;
  }

  void place_rings() {
    places_.assign(fresh_.size(), {});
    plan_.rings.clear();
    const auto keep = [&](std::size_t t, int offset) {
      places_[t] = {.kept = true, .offset = offset};
      plan_.rings.push_back({.tensor = static_cast<TensorId>(t),
                             .offset = offset,
                             .column_bytes = column_bytes_[t],
                             .columns = held_[t],
                             .fresh = fresh_[t]});
    };
    // Rows of features come between the calls.
    keep(0, 0);
    RingPacker packer(word_aligned(plan_.rings.front().bytes()));
    for (std::size_t t = plan_.in_flow; t > 0; --t) {
      if (t < plan_.in_flow && held_[t] == fresh_[t]) continue;
      keep(t, packer.place((held_[t] - fresh_[t]) * column_bytes_[t], fresh_[t] * column_bytes_[t],
                           static_cast<int>(t) - 1, last_[t]));
    }
    std::ranges::sort(plan_.rings, {}, &StreamPlan::Ring::offset);
    plan_.state_bytes = packer.end();
  }

  void place_step(std::size_t s, FirstFit& arena) {
    const int at = static_cast<int>(s);
    StreamPlan::Step& step = plan_.steps[s];
    const Layer& layer = step.layer;
    step.scratch_bytes = scratch_bytes(layer);
    const auto find_scratch = [&] {
      step.scratch_offset = step.scratch_bytes > 0 ? arena.place(step.scratch_bytes, at, at) : 0;
    };
    if (s < plan_.in_flow) {
      StreamPlan::Place& output = places_[s + 1];
      if (!output.kept) output.offset = arena.place(fresh_[s + 1] * column_bytes_[s + 1], at, last_[s + 1]);
      find_scratch();
      StreamPlan::Place* place = &step.input;
      each_read(s, [&](std::size_t tensor, Columns columns) {
        *place = places_[tensor];
        place->offset += (held_[tensor] + late_columns_[tensor] - columns.first) * column_bytes_[tensor];
        place = &step.second;
      });
      step.output = output;
      step.output.offset += (held_[s + 1] - fresh_[s + 1]) * column_bytes_[s + 1];
      return;
    }
    // A tensor that a decision makes; the first of them reads what the flow has left.
    const auto tensor = static_cast<TensorId>(step.index) + 1;
    if (tensor < graph_.last()) {
      step.output.offset = arena.place(layer.output.elements(), at, step_of(graph_.last_reader(tensor)));
    }
    find_scratch();
    const auto place = [&](TensorId input) {
      const auto made = static_cast<std::size_t>(step_of(input - 1));
      return made < plan_.in_flow ? places_.back() : plan_.steps[made].output;
    };
    step.input = place(layer.inputs.front());
    step.second = place(layer.inputs.back());
  }
  /// The last step of a layer.
  [[nodiscard]] int step_of(int layer) const {
    return layer + (sums_ && layer >= static_cast<int>(plan_.flowing) ? 1 : 0);
  }

  const Graph& graph_;
  // By tensor of the flow: those of the graph as far as it flows, then the sums.
  std::vector<int> fresh_, column_bytes_, held_, late_columns_, last_;
  std::vector<bool> late_;
  std::vector<StreamPlan::Place> places_;
  bool sums_ = false;
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
double instructions_of(const std::vector<StreamPlan::Step>& steps) {
  double sum = 0;
  for (const StreamPlan::Step& step : steps) sum += instructions(step.layer);
  return sum;
}

constexpr double kWorthIt = 0.75;  ///< of the instructions

/// A flow that is worth it.
std::optional<Planner> flow_of(const Graph& graph, int frames, double whole) {
  std::vector<int> fresh = fresh_columns(graph, frames);
  if (fresh.size() == 1) return std::nullopt;
  Planner planner(graph, std::move(fresh));
  if (instructions_of(planner.steps()) > kWorthIt * whole) return std::nullopt;
  return planner;
}

}  // namespace

std::optional<StreamPlan> plan_stream(const Graph& graph, int frames) {
  std::optional<Planner> flow = flow_of(graph, frames, whole_instructions(graph));
  return flow ? std::optional(flow->plan()) : std::nullopt;
}

bool keeps_state(const Graph& graph) {
  const auto rest = std::ranges::find_if_not(graph.layers(), has_state);
  return graph.chain() && rest != graph.layers().begin() && rest != graph.layers().end() &&
         std::all_of(rest, graph.layers().end(), [](const Layer& l) { return kernel_of(l) == Kernel::dense; });
}

void require_state(const Graph& graph, const std::string& model) {
  if (keeps_state(graph)) return;
  throw Error("--carry-state: " + model + " has no state that a stream could carry on; take a gru or an lstm",
              Exit::usage);
}

int default_hop_ms(const Graph& graph, int stride_ms, bool flow) {
  constexpr int kDefaultHopMs = 100;
  const int most = std::max(1, kDefaultHopMs / stride_ms);
  if (!flow || fresh_columns(graph, 0).size() == 1) return most * stride_ms;  // whatever the hop, nothing flows
  const double whole = whole_instructions(graph);
  const auto a_frame = [&](int frames) {
    const std::optional<Planner> planner = flow_of(graph, frames, whole);
    return (planner ? instructions_of(planner->steps()) : whole) / frames;
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
