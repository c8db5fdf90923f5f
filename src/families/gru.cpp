#include <string>

#include "family.h"

namespace kws {

void add_grus(Graph& graph, int layers, int cells) {
  for (int i = 1; i <= layers; ++i) {
    graph.add("gru" + std::to_string(i), Gru{.cells = cells, .sequence = i < layers});
  }
}

static void add_gru_layers(Graph& graph, const NetworkOptions& options, int classes) {
  const auto& o = std::get<GruOptions>(options);
  add_grus(graph, o.layers, o.cells);
  graph.add("logits", Dense{.units = classes});
}

/// Stacked GRU layers; the classifier reads the last state of the top one.
Family gru() {
  return {.name = "gru", .summary = "stacked GRU layers", .options = GruOptions{}, .add_layers = add_gru_layers};
}

}  // namespace kws
