#include "parts.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace kws {

bool choose_conv(Dials& dial, ConvOptions& o, Extent map, const IntRange& filters, Shaping shapes) {
  constexpr IntRange kKernelTime{4, 20, 1, 1, 64}, kKernelFreq{4, 10, 1, 1, 64}, kStride{1, 2, 1, 1, 16};
  if (!dial.fits("conv.kernel_time", kKernelTime, map.time)) return false;
  if (!dial.fits("conv.kernel_freq", kKernelFreq, map.freq)) return false;
  dial("conv.filters", o.filters, filters, "output channels");
  dial("conv.kernel_time", o.kernel.time, kKernelTime, "frames of a kernel", {.most = map.time, .shapes = shapes.time});
  dial("conv.kernel_freq", o.kernel.freq, kKernelFreq, "coefficients of a kernel",
       {.most = map.freq, .shapes = shapes.freq});
  dial("conv.stride_time", o.stride.time, kStride, "frames of a step", {.shapes = shapes.time});
  dial("conv.stride_freq", o.stride.freq, kStride, "coefficients of a step", {.shapes = shapes.freq});
  return true;
}

Extent map_after(const ConvOptions& conv, Extent map, Paddings padding) {
  return {window_output(map.time, conv.kernel.time, conv.stride.time, padding.time),
          window_output(map.freq, conv.kernel.freq, conv.stride.freq, padding.freq)};
}

int channels_of(int width, int percent) { return std::clamp(width * percent / 100, 1, 1024); }

int percentage_of(int channels, int width) {
  const auto nearest = static_cast<int>(std::lround(100.0 * channels / std::max(1, width)));
  return percentage(nearest, [&](int percent) { return channels_of(width, percent) == channels; });
}

bool may_skip(const Shape& in, const Shape& out, int stride_time) {
  return in == out || (stride_time == 1 && in.time > out.time && in.freq == out.freq && in.channels == out.channels);
}

Depthwise2d with_bands(Depthwise2d layer, int bands, Shape input) {
  layer.bands = std::min(bands, window_output(input.freq, layer.kernel.freq, layer.stride.freq, layer.padding.freq));
  if (layer.bands > 1) layer.norm = Norm::affine;
  return layer;
}

void coefficients_as_channels(Graph& graph) {
  const Shape frames = graph.input();
  graph = Graph({.time = frames.time, .freq = 1, .channels = frames.step()});
}

void add_grus(Graph& graph, int layers, int cells) {
  for (int i = 1; i <= layers; ++i) {
    graph.add("gru" + std::to_string(i), Gru{.cells = cells, .sequence = i < layers});
  }
}

}  // namespace kws
