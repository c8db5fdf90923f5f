#pragma once

#include <vector>

#include "kws/graph/graph.h"

namespace kws {

/// Columns of a tensor from `first` to `behind`, both counted back from its end.
struct Columns {
  int first = 0, behind = 0;
  [[nodiscard]] int count() const { return first - behind; }
};
/// What a layer reads of its input for the columns `made` of its output.
Columns read_of(const Layer& layer, Columns made);
/// The same of an Add's second input.
Columns second_read_of(const Layer& layer, Columns made);

/// New columns of each tensor as far as layers flow: the network's input, then their outputs.
std::vector<int> fresh_columns(const Graph& graph, int frames);

}  // namespace kws
