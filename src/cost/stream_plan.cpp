#include "kws/cost/stream_plan.h"

#include <algorithm>
#include <variant>

#include "kws/core/error.h"
#include "sizes.h"
#include "stream_columns.h"
#include "stream_places.h"
#include "work.h"

namespace kws {
namespace {

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
    layer.input.time = columns_read(layer, {fresh, 0}).count();
    if (layer.inputs.size() > 1) layer.second.time = layer.input.time;
    layer.output.time = fresh;
  }

  /// What a layer of the flow reads: one with state all that is new.
  [[nodiscard]] Columns columns_read(const Layer& layer, Columns made) const {
    if (has_state(layer)) return {fresh_[static_cast<std::size_t>(layer.inputs.front())], 0};
    return read_of(layer, made);
  }

  /// Calls use(tensor, read) for each tensor that a step of the flow reads.
  template <class Use>
  void each_read(std::size_t step, const Use& use) const {
    const Columns made{late_columns_[step + 1] + fresh_[step + 1], late_columns_[step + 1]};
    if (step == plan_.flowing) return use(step, made);  // the sums
    const Layer& layer = graph_.layers()[step];
    use(static_cast<std::size_t>(layer.inputs.front()), columns_read(layer, made));
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
    place_memory();
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

  /// The state of recurrent layers, behind all rings.
  void place_memory() {
    for (std::size_t s = 0; s < plan_.in_flow; ++s) {
      StreamPlan::Step& step = plan_.steps[s];
      if (!has_state(step.layer)) continue;
      step.scratch = {.kept = true, .offset = plan_.state_bytes};
      plan_.state_bytes += word_aligned(scratch_bytes(step.layer));
    }
  }

  void place_step(std::size_t s, FirstFit& arena) {
    const int at = static_cast<int>(s);
    StreamPlan::Step& step = plan_.steps[s];
    const Layer& layer = step.layer;
    step.scratch_bytes = scratch_bytes(layer);
    const auto find_scratch = [&] {
      if (step.scratch.kept) return;
      step.scratch.offset = step.scratch_bytes > 0 ? arena.place(step.scratch_bytes, at, at) : 0;
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

/// On an M4: which flow is worth it hardly depends on the core, and all of them run the same C.
double instructions(const Layer& layer) {
  return work_of(task_of(kernel_of(layer)), layer_terms(layer, Core::m4), Core::m4).instructions;
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

std::optional<StreamPlan> plan_carried(const Graph& graph, int hop_frames) {
  const std::vector<Layer>& layers = graph.layers();
  const auto first = std::ranges::find_if(layers, has_state);
  if (first == layers.end()) return std::nullopt;
  const auto last = std::find_if(layers.rbegin(), layers.rend(), has_state);
  if (last->output.time != 1) return std::nullopt;
  int frames = 1;
  for (auto layer = layers.begin(); layer != first; ++layer) frames *= time_stride(*layer);
  if (hop_frames % frames != 0) return std::nullopt;
  std::vector<int> fresh = fresh_columns(graph, frames, true);
  const auto with_state = static_cast<std::size_t>(layers.rend() - last);
  if (fresh.size() <= with_state || fresh[static_cast<std::size_t>(first->inputs.front())] != 1) return std::nullopt;
  StreamPlan plan = Planner(graph, std::move(fresh)).plan();
  plan.carried = true;
  plan.first_frames = graph.input().time - (first->input.time - 1) * frames;
  // Columns that the first call makes of frames alone: those of a second convolution would be made of others, too.
  if (plan.first_frames > plan.rings.front().columns) return std::nullopt;
  return plan;
}

StreamPlan require_state(const Graph& graph, const std::string& model, int hop_frames, int stride_ms) {
  std::optional<StreamPlan> plan = plan_carried(graph);
  if (!plan) {
    throw Error(
        "--carry-state: " + model + " has no state that a stream could carry on; take a gru, lstm, basic_lstm or crnn",
        Exit::usage);
  }
  const int most = graph.input().time - plan->first_frames + plan->frames;
  if (hop_frames % plan->frames == 0 && hop_frames <= most) return *plan;
  const auto ms = [&](int frames) { return std::to_string(frames * stride_ms); };
  throw Error("--hop-ms " + ms(hop_frames) + ": the state of " + model + " is carried on by " + ms(plan->frames) +
                  " ms; choose a multiple, up to " + ms(most / plan->frames * plan->frames),
              Exit::usage);
}

int default_hop_ms(const Graph& graph, int stride_ms, bool flow, bool carry) {
  constexpr int kDefaultHopMs = 100;
  const int most = std::max(1, kDefaultHopMs / stride_ms);
  if (const std::optional<StreamPlan> plan = carry ? plan_carried(graph) : std::nullopt) {
    return std::max(1, most / plan->frames) * plan->frames * stride_ms;
  }
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
