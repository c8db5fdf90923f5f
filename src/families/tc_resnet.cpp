#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "families.h"
#include "parts.h"

namespace kws {
namespace {

struct TcResnetOptions {
  int first = 0;
  std::vector<int> blocks;
  int kernel = 0;
  std::string time_padding = kTimePaddings.front();
};
template <class Field>
void describe(Field& field, TcResnetOptions& o) {
  field("first", o.first, 1, 1024, "channels of the first convolution");
  field("blocks", o.blocks, 1, 1024, "channels of each block; where they differ from those before, frames are halved");
  field("kernel", o.kernel, 1, 64, "frames of a kernel");
  field.optional("time_padding", o.time_padding, kTimePaddings, kPaddingHelp);
}

constexpr int kFirstKernel = 3;

/// Steps of each block: frames are halved where channels differ from those before.
std::vector<int> strides_of(const TcResnetOptions& o) {
  std::vector<int> strides;
  int before = o.first;
  for (const int filters : o.blocks) {
    strides.push_back(filters == before ? 1 : 2);
    before = filters;
  }
  return strides;
}

/// The largest kernel that leaves a frame where nothing is padded.
int most_kernel(const TcResnetOptions& o, int frames) {
  const auto fits = [&](int kernel) {
    int left = window_output(frames, kFirstKernel, 1, Padding::valid);
    for (const int stride : strides_of(o)) {
      left = window_output(left, kernel, stride, Padding::valid);
      left = window_output(left, kernel, 1, Padding::valid);
    }
    return left > 0;
  };
  int most = 0;
  while (most < frames && fits(most + 1)) ++most;
  return most;
}

/// The published widths by a factor, each once (TC-ResNet8) or twice (TC-ResNet14).
void choose(Dials& dial, TcResnetOptions& o, Extent map) {
  constexpr int kFirst = 16;
  constexpr std::array kWidths = {24, 32, 48, 64};
  const auto scaled = [](int width, int percent) { return std::clamp((width * percent + 50) / 100, 1, 1024); };
  const bool doubled = o.blocks.size() > 1 && o.blocks[0] == o.blocks[1];
  int repeats = doubled ? 2 : 1;
  int widths = std::min(static_cast<int>(o.blocks.size()) / repeats, static_cast<int>(kWidths.size()));
  int percent = percentage(static_cast<int>(std::lround(100.0 * o.first / kFirst)), [&](int one) {
    if (scaled(kFirst, one) != o.first) return false;
    for (std::size_t i = 0; i < static_cast<std::size_t>(widths); ++i) {
      if (scaled(kWidths.at(i), one) != o.blocks[i * static_cast<std::size_t>(repeats)]) return false;
    }
    return true;
  });
  dial.choice("time_padding", o.time_padding, kTimePaddings, kPaddingHelp, kOff, {.shapes = true});
  const bool valid = o.time_padding != kTimePaddings.front();
  dial("percent", percent, {50, 200, 25, 10, 1000}, "channels, per cent of the published ones", {.shapes = valid});
  dial("widths", widths, {2, 4, 1, 1, 4}, "blocks that halve the frames", {.shapes = valid});
  dial("repeats", repeats, {1, 2, 1, 1, 2}, "blocks of one width", {.shapes = valid});
  o.first = scaled(kFirst, percent);
  o.blocks.clear();
  for (int i = 0; i < widths; ++i) {
    o.blocks.insert(o.blocks.end(), static_cast<std::size_t>(repeats),
                    scaled(kWidths.at(static_cast<std::size_t>(i)), percent));
  }
  dial("kernel", o.kernel, {5, 13, 2, 1, 64}, "frames of a kernel",
       {.most = valid ? most_kernel(o, map.time) : DialLimit{}.most});
}

void append(Graph& graph, const TcResnetOptions& o, int classes) {
  coefficients_as_channels(graph);
  const auto conv = [padding = padding_in_time(o.time_padding)](int filters, int kernel, int stride, bool relu) {
    return Conv2d{.filters = filters,
                  .kernel = {kernel, 1},
                  .stride = {stride, 1},
                  .padding = padding,
                  .norm = Norm::affine,
                  .relu = relu};
  };
  graph.add("conv0", conv(o.first, kFirstKernel, 1, true));
  TensorId x = graph.last();
  const std::vector<int> strides = strides_of(o);
  for (std::size_t i = 0; i < o.blocks.size(); ++i) {
    const std::string suffix = std::to_string(i + 1);
    const int filters = o.blocks[i], stride = strides[i];
    const TensorId inner = graph.add("conv" + suffix + "_1", conv(filters, o.kernel, stride, true), {x});
    const TensorId outer = graph.add("conv" + suffix + "_2", conv(filters, o.kernel, 1, false), {inner});
    const TensorId skip = stride == 1 ? x : graph.add("skip" + suffix, conv(filters, 1, stride, true), {x});
    x = graph.add("add" + suffix, Add{.relu = true, .crop = true}, {outer, skip});
  }
  graph.add("pool", AvgPool2d{});
  graph.add("logits", Dense{.units = classes});
}

}  // namespace

/// Temporal convolutions with residuals.
/// Source: Choi et al., "Temporal Convolution for Real-time Keyword Spotting on Mobile Devices", Interspeech 2019.
Family tc_resnet() { return family_of<TcResnetOptions>("tc_resnet", "temporal convolutions with residuals"); }

}  // namespace kws
