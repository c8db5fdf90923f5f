#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "kws/graph/graph.h"

namespace kws {

/// A network as a flow. Columns (time steps) of layers without padding in time stay the same while the window moves on,
/// so that a decision computes the new ones alone and keeps the old ones that its windows read again. The bytes of each
/// decision are those of the whole window.
///
/// The first `flowing` layers take `frames` new frames on in a call; those behind them run over the columns that the
/// last of them keeps, once a decision.
///
/// Where the state of recurrent layers is carried on, these flow, too: a call takes them one column further, and a
/// decision hears all since the stream's begin.
struct StreamPlan {
  /// Where a tensor lies: in the state, which is kept from call to call, or in the arena.
  struct Place {
    bool kept = false;
    int offset = 0;
  };
  /// A mean over a whole map keeps less where each new column becomes its sums over frequency, 16 bits a channel, which
  /// a decision adds up: two steps, whose layers are the means over frequency and over time.
  enum class Part { whole, column_sums, mean_of_sums };
  struct Step {
    std::size_t index = 0;  ///< of the graph's layer
    Part part = Part::whole;
    Layer layer;                           ///< one that flows: with the time steps that a call reads and writes
    Place input, second, output, scratch;  ///< scratch: kept where it is the state of a recurrent layer
    int scratch_bytes = 0;
  };
  /// Columns that are kept, the oldest first; the newest `fresh` of them are computed in a call. The oldest ones are
  /// free once they were read, and the fresh ones until they are written: other rings may lie there.
  struct Ring {
    TensorId tensor = 0;
    int offset = 0;  ///< in the state
    int column_bytes = 0;
    int columns = 0;
    int fresh = 0;
    [[nodiscard]] int bytes() const { return columns * column_bytes; }
    /// Bytes that move to the front before a call.
    [[nodiscard]] int moved() const { return (columns - fresh) * column_bytes; }
  };
  int frames = 0;
  bool carried = false;  ///< made by plan_carried(): a decision may take several calls
  /// Frames that the first call needs; of a carried state, which must not have heard anything before.
  int first_frames = 0;
  std::size_t flowing = 0;  ///< layers
  std::size_t in_flow = 0;  ///< steps that a call takes, as many or one more
  std::vector<Step> steps;  ///< of all layers
  std::vector<Ring> rings;  ///< the first is that of the features; they move in this order
  int state_bytes = 0;
  int arena_bytes = 0;           ///< of the steps of a call
  int decision_arena_bytes = 0;  ///< of the others
};

/// The flow of a network whose decisions are `frames` frames apart; nothing where no layer can flow at that distance (a
/// stride in time must divide the new columns it reads), or where that saves less than a quarter of the instructions.
std::optional<StreamPlan> plan_stream(const Graph& graph, int frames);

/// The flow that carries the state of recurrent layers on, whose calls take one new column of what the first of them
/// reads: recurrent layers on the frames or behind at most one convolution over time without padding, the last of them
/// with one output for the whole input. Nothing: the network has none, or not so.
///   hop_frames  between decisions: nothing, too, where its calls do not divide them; 0: any
std::optional<StreamPlan> plan_carried(const Graph& graph, int hop_frames = 0);
/// The same where it must be so.
///   throws  Error (Exit::usage) naming the model and what else to choose
StreamPlan require_state(const Graph& graph, const std::string& model, int hop_frames, int stride_ms);

/// From decision to decision unless told: as many strides as fit into 100 ms, or somewhat fewer, where a network then
/// flows that does not otherwise, or flows further.
///   flow   whether it may
///   carry  its state is carried on where it can be
int default_hop_ms(const Graph& graph, int stride_ms, bool flow = true, bool carry = false);

}  // namespace kws
