#include <string>

#include "family.h"

namespace kws {

static void add_ds_cnn_layers(Graph& graph, const NetworkOptions& options, int classes) {
  const auto& o = std::get<DsCnnOptions>(options);
  // Batch norm here has gamma fixed at 1: the next layer's weights scale as well as gamma would.
  graph.add("conv1", Conv2d{.filters = o.conv.filters,
                            .kernel = o.conv.kernel,
                            .stride = o.conv.stride,
                            .padding = Padding::same,
                            .norm = Norm::beta,
                            .relu = true});
  int number = 0;
  for (const ConvOptions& block : o.blocks) {
    const std::string suffix = std::to_string(++number);
    graph.add("dw" + suffix, Depthwise2d{.kernel = block.kernel,
                                         .stride = block.stride,
                                         .padding = Padding::same,
                                         .norm = Norm::beta,
                                         .relu = true});
    graph.add("pw" + suffix, Conv2d{.filters = block.filters,
                                    .kernel = {1, 1},
                                    .stride = {1, 1},
                                    .padding = Padding::same,
                                    .norm = Norm::beta,
                                    .relu = true});
  }
  graph.add("pool", AvgPool2d{});
  graph.add("logits", Dense{.units = classes});
}

/// Depthwise-separable convolutions and an average over the remaining map.
Family ds_cnn() {
  return {.name = "ds_cnn",
          .summary = "depthwise-separable convolutions, average pooling",
          .options = DsCnnOptions{},
          .add_layers = add_ds_cnn_layers};
}

}  // namespace kws
