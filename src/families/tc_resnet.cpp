#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "families.h"
#include "parts.h"

namespace kws {
namespace {

struct TcResnetOptions {
  int first = 0;
  std::vector<int> blocks;
  int kernel = 0;
};
template <class Field>
void describe(Field& field, TcResnetOptions& o) {
  field("first", o.first, 1, 1024, "channels of the first convolution");
  field("blocks", o.blocks, 1, 1024, "channels of each block; where they differ from those before, frames are halved");
  field("kernel", o.kernel, 1, 64, "frames of a kernel");
}

/// The published widths by a factor, each once (TC-ResNet8) or twice (TC-ResNet14).
void choose(Dials& dial, TcResnetOptions& o, Extent /*map*/) {
  constexpr int kFirst = 16;
  constexpr std::array kWidths = {24, 32, 48, 64};
  const auto scaled = [](int width, int percent) { return std::clamp((width * percent + 50) / 100, 1, 1024); };
  int percent = static_cast<int>(std::lround(100.0 * o.first / kFirst));
  const bool doubled = o.blocks.size() > 1 && o.blocks[0] == o.blocks[1];
  int repeats = doubled ? 2 : 1;
  int widths = static_cast<int>(o.blocks.size()) / repeats;
  dial("percent", percent, {50, 200, 25, 10, 1000}, "channels, per cent of the published ones");
  dial("widths", widths, {2, 4, 1, 1, 4}, "blocks that halve the frames");
  dial("repeats", repeats, {1, 2, 1, 1, 2}, "blocks of one width");
  dial("kernel", o.kernel, {5, 13, 2, 1, 64}, "frames of a kernel");
  o.first = scaled(kFirst, percent);
  o.blocks.clear();
  for (int i = 0; i < widths; ++i) {
    o.blocks.insert(o.blocks.end(), static_cast<std::size_t>(repeats),
                    scaled(kWidths.at(static_cast<std::size_t>(i)), percent));
  }
}

void append(Graph& graph, const TcResnetOptions& o, int classes) {
  coefficients_as_channels(graph);
  const auto conv = [](int filters, int kernel, int stride, bool relu) {
    return Conv2d{.filters = filters, .kernel = {kernel, 1}, .stride = {stride, 1}, .norm = Norm::affine, .relu = relu};
  };
  graph.add("conv0", conv(o.first, 3, 1, true));
  TensorId x = graph.last();
  int number = 0;
  for (const int filters : o.blocks) {
    const std::string suffix = std::to_string(++number);
    const int stride = filters == graph.shape(x).channels ? 1 : 2;
    const TensorId inner = graph.add("conv" + suffix + "_1", conv(filters, o.kernel, stride, true), {x});
    const TensorId outer = graph.add("conv" + suffix + "_2", conv(filters, o.kernel, 1, false), {inner});
    const TensorId skip = stride == 1 ? x : graph.add("skip" + suffix, conv(filters, 1, stride, true), {x});
    x = graph.add("add" + suffix, Add{.relu = true}, {outer, skip});
  }
  graph.add("pool", AvgPool2d{});
  graph.add("logits", Dense{.units = classes});
}

}  // namespace

/// Temporal convolutions with residuals.
/// Source: Choi et al., "Temporal Convolution for Real-time Keyword Spotting on Mobile Devices", Interspeech 2019.
Family tc_resnet() { return family_of<TcResnetOptions>("tc_resnet", "temporal convolutions with residuals"); }

}  // namespace kws
