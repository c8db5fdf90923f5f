#pragma once

#include <vector>

#include "kws/graph/graph.h"

namespace kws {

/// Columns of a tensor from `first` to `behind`, both counted back from its end.
struct Columns {
  int first = 0, behind = 0;
  [[nodiscard]] int count() const { return first - behind; }
};
/// What a layer without state reads of its input for the columns `made` of its output.
Columns read_of(const Layer& layer, Columns made);
/// The same of an Add's second input.
Columns second_read_of(const Layer& layer, Columns made);

/// New columns of each tensor as far as layers flow: the network's input, then their outputs.
///   carry  recurrent layers carry their state on
std::vector<int> fresh_columns(const Graph& graph, int frames, bool carry = false);

bool has_state(const Layer& layer);
/// Columns of its input that a column of its output lies behind the one before.
int time_stride(const Layer& layer);

}  // namespace kws
