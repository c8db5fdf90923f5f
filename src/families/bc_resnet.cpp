#include <algorithm>
#include <array>
#include <string>

#include "families.h"
#include "parts.h"

namespace kws {
namespace {

struct BcResnetOptions {
  int base = 0;
  int bands = 1;
  bool swish = false;
};
template <class Field>
void describe(Field& field, BcResnetOptions& o) {
  field("base", o.base, 2, 512, "channels of the first stage; 8 is the published factor 1");
  field("bands", o.bands, 1, 10, "bands of the sub-spectral norm; 1: plain batch norm");
  field("swish", o.swish, "swish in the temporal branch, else ReLU");
}

void choose(Dials& dial, BcResnetOptions& o, Extent /*map*/) {
  constexpr int kBands = 5;
  bool banded = o.bands > 1;
  dial("base", o.base, {4, 48, 1, 2, 512}, "channels of the first stage; 8 is the published factor 1");
  dial.flag("banded", banded, "sub-spectral norm of 5 bands");
  dial.flag("swish", o.swish, "swish in the temporal branch, else ReLU");
  o.bands = banded ? kBands : 1;
}

/// One row per stage of the paper: channels in eighths of the base, blocks, stride in frequency, dilation in time.
struct Stage {
  int eighths, blocks, stride, dilation;
};
constexpr std::array<Stage, 4> kStages = {{{8, 2, 1, 1}, {12, 2, 2, 2}, {16, 4, 2, 4}, {20, 4, 1, 8}}};

Conv2d pointwise(int filters, Norm norm, bool relu) {
  return {.filters = filters, .kernel = {1, 1}, .stride = {1, 1}, .norm = norm, .relu = relu};
}

/// A map of frequencies, and a temporal branch on its mean over them, whose result is added to each.
TensorId append_block(Graph& graph, const BcResnetOptions& o, const std::string& suffix, TensorId in, int channels,
                      int stride, int dilation) {
  const bool transition = graph.shape(in).channels != channels || stride > 1;
  const TensorId wide = transition ? graph.add("pw" + suffix, pointwise(channels, Norm::affine, true), {in}) : in;
  const TensorId map = graph.add(
      "fdw" + suffix,
      with_bands({.kernel = {1, 3}, .stride = {1, stride}, .norm = Norm::affine}, o.bands, graph.shape(wide)), {wide});
  graph.add("mean" + suffix, AvgPool2d{.over_time = false});
  graph.add("tdw" + suffix,
            Depthwise2d{
                .kernel = {3, 1}, .stride = {1, 1}, .norm = Norm::affine, .relu = !o.swish, .dilation = {dilation, 1}});
  if (o.swish) graph.add("swish" + suffix, Activate{.function = Function::swish});
  graph.add("out" + suffix, pointwise(channels, Norm::none, false));
  const TensorId sum = graph.add("spread" + suffix, Add{.relu = transition}, {map, graph.last()});
  return transition ? sum : graph.add("add" + suffix, Add{.relu = true}, {sum, in});
}

void append(Graph& graph, const BcResnetOptions& o, int classes) {
  graph.add("conv1",
            Conv2d{.filters = 2 * o.base, .kernel = {5, 5}, .stride = {1, 2}, .norm = Norm::affine, .relu = true});
  int number = 0;
  for (const Stage& stage : kStages) {
    for (int i = 0; i < stage.blocks; ++i) {
      append_block(graph, o, std::to_string(++number), graph.last(), std::max(1, o.base * stage.eighths / 8),
                   i == 0 ? stage.stride : 1, stage.dilation);
    }
  }
  // Without padding in frequency: the published maps, five rows high, become one.
  const int rows = std::min(5, graph.output().freq);
  graph.add("dw_head", Depthwise2d{.kernel = {5, rows}, .stride = {1, 1}, .padding = {Padding::same, Padding::valid}});
  if (graph.output().freq > 1) graph.add("mean_head", AvgPool2d{.over_time = false});
  graph.add("pw_head", pointwise(4 * o.base, Norm::affine, true));
  graph.add("pool", AvgPool2d{});
  graph.add("logits", Dense{.units = classes});
}

}  // namespace

/// Broadcast residual learning.
/// Source: Kim et al., "Broadcasted Residual Learning for Efficient Keyword Spotting", Interspeech 2021.
Family bc_resnet() {
  return family_of<BcResnetOptions>("bc_resnet", "maps whose mean over frequency passes a temporal branch, added back");
}

}  // namespace kws
