#include "family.h"

namespace kws {

static void add_crnn_layers(Graph& graph, const NetworkOptions& options, int classes) {
  const auto& o = std::get<CrnnOptions>(options);
  graph.add("conv1", Conv2d{.filters = o.conv.filters,
                            .kernel = o.conv.kernel,
                            .stride = o.conv.stride,
                            .padding = Padding::valid,
                            .relu = true});
  add_grus(graph, o.gru_layers, o.cells);
  graph.add("fc", Dense{.units = o.fc, .relu = true});
  graph.add("logits", Dense{.units = classes});
}

/// A convolution whose rows are the time steps of stacked GRU layers; no batch norm anywhere.
Family crnn() {
  return {.name = "crnn",
          .summary = "a convolution, GRU layers over its rows, a fully connected layer",
          .options = CrnnOptions{},
          .add_layers = add_crnn_layers};
}

}  // namespace kws
