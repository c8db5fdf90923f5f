#include "families.h"
#include "parts.h"

namespace kws {
namespace {

struct CrnnOptions {
  ConvOptions conv;
  int gru_layers = 0;
  int cells = 0;
  int fc = 0;
};
template <class Field>
void describe(Field& field, CrnnOptions& o) {
  field.object("conv", o.conv, "the convolution before the recurrent layers");
  field("gru_layers", o.gru_layers, 1, 4, "stacked GRU layers");
  field("cells", o.cells, 1, 2048, "cells of each GRU layer");
  field("fc", o.fc, 1, 4096, "units of the fully connected layer");
}

void choose(Dials& dial, CrnnOptions& o, Extent map) {
  if (!choose_conv(dial, o.conv, map, {16, 160, 4})) return;
  dial("gru_layers", o.gru_layers, {1, 2, 1, 1, 4}, "stacked recurrent layers");
  dial("cells", o.cells, {16, 160, 2}, "cells of every recurrent layer");
  dial("fc", o.fc, {32, 200, 4}, "units of the fully connected layer");
}

void append(Graph& graph, const CrnnOptions& o, int classes) {
  graph.add("conv1", Conv2d{.filters = o.conv.filters,
                            .kernel = o.conv.kernel,
                            .stride = o.conv.stride,
                            .padding = Padding::valid,
                            .relu = true});
  add_grus(graph, o.gru_layers, o.cells);
  graph.add("fc", Dense{.units = o.fc, .relu = true});
  graph.add("logits", Dense{.units = classes});
}

}  // namespace

/// A convolution whose rows are the time steps of stacked GRU layers; no batch norm anywhere.
Family crnn() {
  return family_of<CrnnOptions>("crnn", "a convolution, GRU layers over its rows, a fully connected layer");
}

}  // namespace kws
