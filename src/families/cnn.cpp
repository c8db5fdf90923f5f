#include <algorithm>
#include <string>

#include "families.h"
#include "parts.h"

namespace kws {
namespace {

struct CnnOptions {
  std::vector<ConvOptions> conv;  ///< two in the paper; one to four here
  int linear = 0;                 ///< units of the low-rank layer without activation
  int fc = 0;                     ///< units of the fully connected layer
  bool residual = false;
  int sub_bands = 1;
  std::string time_padding = "valid";
  [[nodiscard]] Paddings padding() const {
    return {time_padding == "same" ? Padding::same : Padding::valid, Padding::valid};
  }
};
template <class Field>
void describe(Field& field, CnnOptions& o) {
  field.list("conv", o.conv, 1, 4, "convolutions");
  field("linear", o.linear, 1, 1024, "units of the low-rank layer");
  field("fc", o.fc, 1, 4096, "units of the fully connected layer");
  field.later("residual", o.residual, kResidualHelp);
  field.later("sub_bands", o.sub_bands, kBands.least, kBands.most, kBandsHelp);
  field.optional("time_padding", o.time_padding, {"valid", "same"}, kPaddingHelp);
}

/// Two convolutions are drawn; a design that has more of them keeps them.
void choose(Dials& dial, CnnOptions& o, Extent map) {
  if (o.conv.empty()) o.conv.resize(2);
  dial.choice("time_padding", o.time_padding, {"valid", "same"}, kPaddingHelp, kOff, {.shapes = true});
  for (ConvOptions& conv : o.conv) {
    const bool more = &conv != &o.conv.back();
    if (!choose_conv(dial, conv, map, {16, 128, 2}, {.time = more, .freq = more})) return;
    map = map_after(conv, map, o.padding());
  }
  dial("linear", o.linear, {16, 64, 2}, "units of the low-rank layer");
  dial("fc", o.fc, {64, 256, 4}, "units of the fully connected layer");
  dial.flag("residual", o.residual, kResidualHelp, kOff);
  dial("sub_bands", o.sub_bands, kBands, kBandsHelp);
}

void append(Graph& graph, const CnnOptions& o, int classes) {
  int number = 0;
  for (const ConvOptions& conv : o.conv) {
    const std::string suffix = std::to_string(++number);
    const TensorId in = graph.last();
    const Extent map = map_after(conv, {graph.output().time, graph.output().freq}, o.padding());
    const bool residual = o.residual && may_skip(graph.shape(in), {map.time, map.freq, conv.filters}, conv.stride.time);
    const bool banded = std::min(o.sub_bands, map.freq) > 1;
    graph.add("conv" + suffix, Conv2d{.filters = conv.filters,
                                      .kernel = conv.kernel,
                                      .stride = conv.stride,
                                      .padding = o.padding(),
                                      .norm = banded ? Norm::none : Norm::affine,
                                      .relu = !banded && !residual});
    // A scale and a shift for each band and channel are a depthwise kernel of one element.
    if (banded) {
      graph.add("norm" + suffix,
                with_bands({.kernel = {1, 1}, .stride = {1, 1}, .relu = !residual}, o.sub_bands, graph.output()));
    }
    if (residual) graph.add("add" + suffix, Add{.relu = true, .crop = true}, {graph.last(), in});
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
