#include <algorithm>
#include <string>

#include "families.h"
#include "parts.h"

namespace kws {
namespace {

struct DsCnnOptions {
  ConvOptions conv;
  std::vector<ConvOptions> blocks;  ///< depthwise (kernel, stride) + pointwise (filters)
  bool residual = false;
  int sub_bands = 1;
  std::string time_padding = kTimePaddings.front();
};
template <class Field>
void describe(Field& field, DsCnnOptions& o) {
  field.object("conv", o.conv, "the first, ordinary convolution");
  field.list("blocks", o.blocks, 1, 16, "depthwise-separable blocks");
  field.later("residual", o.residual, kResidualHelp);
  field.later("sub_bands", o.sub_bands, kBands.least, kBands.most, kBandsHelp);
  field.optional("time_padding", o.time_padding, kTimePaddings, kPaddingHelp);
}

/// Blocks that leave a frame where nothing is padded.
int most_blocks(int frames, int kernel, int stride) {
  const int left = window_output(frames, kernel, stride, Padding::valid);
  if (left < 1) return 0;
  return kernel == 1 ? DialLimit{}.most : 1 + (left - 1) / (kernel - 1);
}

/// All blocks are alike, but for the stride of the first one.
void choose(Dials& dial, DsCnnOptions& o, Extent map) {
  const ConvOptions first = o.blocks.empty() ? ConvOptions{} : o.blocks.front();
  int blocks = static_cast<int>(o.blocks.size());
  int percent = percentage_of(first.filters, o.conv.filters);
  int kernel = first.kernel.time;
  int stride = first.stride.time;
  dial.choice("time_padding", o.time_padding, kTimePaddings, kPaddingHelp, kOff, {.shapes = true});
  const bool valid = o.time_padding != kTimePaddings.front();
  if (!choose_conv(dial, o.conv, map, {16, 300, 4}, {.time = valid})) return;
  const auto choose_blocks = [&](int most) {
    dial("blocks", blocks, {2, 6, 1, 1, 16}, "depthwise + pointwise pairs", {.most = most});
  };
  if (!valid) choose_blocks(DialLimit{}.most);
  dial("block_percent", percent, {75, 125, 25, 25, 400}, "filters of the blocks, per cent of the first convolution's");
  dial("block_kernel", kernel, {3, 5, 2, 1, 16}, "depthwise kernel, square", {.shapes = valid});
  dial("first_block_stride", stride, {1, 2, 1, 1, 4}, "stride of the first block, both directions", {.shapes = valid});
  if (valid) choose_blocks(most_blocks(map_after(o.conv, map, Padding::valid).time, kernel, stride));
  dial.flag("residual", o.residual, kResidualHelp, kOff);
  dial("sub_bands", o.sub_bands, kBands, kBandsHelp);
  const int filters = channels_of(o.conv.filters, percent);
  o.blocks.assign(static_cast<std::size_t>(blocks), {.filters = filters, .kernel = {kernel, kernel}, .stride = {1, 1}});
  o.blocks.front().stride = {stride, stride};
}

void append(Graph& graph, const DsCnnOptions& o, int classes) {
  const Paddings padding = padding_in_time(o.time_padding);
  // Batch norm here has gamma fixed at 1: the next layer's weights scale as well as gamma would.
  graph.add("conv1", Conv2d{.filters = o.conv.filters,
                            .kernel = o.conv.kernel,
                            .stride = o.conv.stride,
                            .padding = padding,
                            .norm = Norm::beta,
                            .relu = true});
  int number = 0;
  for (const ConvOptions& block : o.blocks) {
    const std::string suffix = std::to_string(++number);
    const TensorId in = graph.last();
    graph.add(
        "dw" + suffix,
        with_bands(
            {.kernel = block.kernel, .stride = block.stride, .padding = padding, .norm = Norm::beta, .relu = true},
            o.sub_bands, graph.output()));
    Shape out = graph.output();
    out.channels = block.filters;
    const bool residual = o.residual && may_skip(graph.shape(in), out, block.stride.time);
    const TensorId pointwise = graph.add("pw" + suffix,
                                         Conv2d{.filters = block.filters,
                                                .kernel = {1, 1},
                                                .stride = {1, 1},
                                                .padding = Padding::same,
                                                .norm = Norm::beta,
                                                .relu = !residual},
                                         {graph.last()});
    if (residual) graph.add("add" + suffix, Add{.relu = true, .crop = true}, {pointwise, in});
  }
  graph.add("pool", AvgPool2d{});
  graph.add("logits", Dense{.units = classes});
}

}  // namespace

/// Depthwise-separable convolutions and an average over the remaining map.
Family ds_cnn() { return family_of<DsCnnOptions>("ds_cnn", "depthwise-separable convolutions, average pooling"); }

}  // namespace kws
