#include <string>

#include "family.h"

namespace kws {

static void add_cnn_layers(Graph& graph, const NetworkOptions& options, int classes) {
  const auto& o = std::get<CnnOptions>(options);
  int number = 0;
  for (const ConvOptions& conv : o.conv) {
    graph.add("conv" + std::to_string(++number), Conv2d{.filters = conv.filters,
                                                        .kernel = conv.kernel,
                                                        .stride = conv.stride,
                                                        .padding = Padding::valid,
                                                        .norm = Norm::affine,
                                                        .relu = true});
  }
  // Low-rank: fewer weights between the large map and the fully connected layer, hence no activation of its own.
  graph.add("linear", Dense{.units = o.linear});
  graph.add("fc", Dense{.units = o.fc, .norm = Norm::affine, .relu = true});
  graph.add("logits", Dense{.units = classes});
}

/// Convolutions, a low-rank linear layer, a fully connected layer.
Family cnn() {
  return {.name = "cnn",
          .summary = "convolutions, a low-rank linear layer, a fully connected layer",
          .options = CnnOptions{},
          .add_layers = add_cnn_layers};
}

}  // namespace kws
