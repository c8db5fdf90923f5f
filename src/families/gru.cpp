#include "families.h"
#include "parts.h"

namespace kws {
namespace {

struct GruOptions {
  int layers = 1;
  int cells = 0;
};
template <class Field>
void describe(Field& field, GruOptions& o) {
  field("layers", o.layers, 1, 4, "stacked layers");
  field("cells", o.cells, 1, 2048, "cells of each layer");
}

void choose(Dials& dial, GruOptions& o, Extent /*map*/) {
  dial("layers", o.layers, {1, 2, 1, 1, 4}, "stacked layers");
  dial("cells", o.cells, {32, 400, 2}, "cells of every layer");
}

void append(Graph& graph, const GruOptions& o, int classes) {
  add_grus(graph, o.layers, o.cells);
  graph.add("logits", Dense{.units = classes});
}

}  // namespace

/// Stacked GRU layers; the classifier reads the last state of the top one.
Family gru() { return family_of<GruOptions>("gru", "stacked GRU layers"); }

}  // namespace kws
