#include <string>

#include "families.h"
#include "parts.h"

namespace kws {
namespace {

struct CnnOptions {
  std::vector<ConvOptions> conv;  ///< two in the paper; one to four here
  int linear = 0;                 ///< units of the low-rank layer without activation
  int fc = 0;                     ///< units of the fully connected layer
};
template <class Field>
void describe(Field& field, CnnOptions& o) {
  field.list("conv", o.conv, 1, 4, "convolutions");
  field("linear", o.linear, 1, 1024, "units of the low-rank layer");
  field("fc", o.fc, 1, 4096, "units of the fully connected layer");
}

/// Two convolutions are drawn; a design that has more of them keeps them.
void choose(Dials& dial, CnnOptions& o, Extent map) {
  if (o.conv.empty()) o.conv.resize(2);
  for (ConvOptions& conv : o.conv) {
    if (!choose_conv(dial, conv, map, {16, 128, 2}, &conv != &o.conv.back())) return;
    map = map_after(conv, map);
  }
  dial("linear", o.linear, {16, 64, 2}, "units of the low-rank layer");
  dial("fc", o.fc, {64, 256, 4}, "units of the fully connected layer");
}

void append(Graph& graph, const CnnOptions& o, int classes) {
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

}  // namespace

/// Convolutions, a low-rank linear layer, a fully connected layer.
Family cnn() { return family_of<CnnOptions>("cnn", "convolutions, a low-rank linear layer, a fully connected layer"); }

}  // namespace kws
