#include <string>

#include "family.h"

namespace kws {

static void add_dnn_layers(Graph& graph, const NetworkOptions& options, int classes) {
  int number = 0;
  for (const int units : std::get<DnnOptions>(options).hidden) {
    graph.add("fc" + std::to_string(++number), Dense{.units = units, .relu = true});
  }
  graph.add("logits", Dense{.units = classes});
}

/// Fully connected network on the whole clip.
Family dnn() {
  return {.name = "dnn",
          .summary = "fully connected layers on the whole clip",
          .options = DnnOptions{},
          .add_layers = add_dnn_layers};
}

}  // namespace kws
