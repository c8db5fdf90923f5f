#include <algorithm>
#include <string>

#include "families.h"
#include "parts.h"

namespace kws {
namespace {

/// One stage: `repeats` pairs of a depthwise convolution over time and a pointwise one.
struct StageOptions {
  int filters = 0;
  int kernel = 1;
  int stride = 1;
  int dilation = 1;
  int repeats = 1;
  bool residual = false;
};
template <class Field>
void describe(Field& field, StageOptions& o) {
  field("filters", o.filters, 1, 1024, "output channels");
  field("kernel", o.kernel, 1, 64, "frames of the depthwise kernel; 1: a pointwise convolution alone");
  field("stride", o.stride, 1, 8, "frames of a step");
  field("dilation", o.dilation, 1, 16, "frames from one element of the kernel to the next");
  field("repeats", o.repeats, 1, 8, "depthwise + pointwise pairs");
  field("residual", o.residual, "adds the stage's input to its output");
}

const std::vector<std::string> kSkips = {"identity", "pointwise"};
constexpr const char* kSkipHelp =
    "way of a residual: as it is where the shapes agree, or always a pointwise convolution";

struct DsTcOptions {
  std::vector<StageOptions> stages;
  int gates = 0;
  std::string skip = kSkips.front();
  std::string time_padding = kTimePaddings.front();
};
template <class Field>
void describe(Field& field, DsTcOptions& o) {
  field.list("stages", o.stages, 1, 16, "stages");
  field("gates", o.gates, 0, 1024, "channels of the gate head; 0: none");
  field.optional("skip", o.skip, kSkips, kSkipHelp);
  field.optional("time_padding", o.time_padding, kTimePaddings, kPaddingHelp);
}

/// Frames that the blocks' kernels take where nothing is padded.
int frames_of_blocks(int blocks, int repeats, int kernel, int growth) {
  return repeats * (blocks * (kernel - 1) + growth * (blocks * (blocks - 1) / 2));
}

/// A stage without residual, blocks with one whose kernels grow, a wide stage, a pointwise one.
void choose(Dials& dial, DsTcOptions& o, Extent map) {
  constexpr int kGates = 32;
  StageOptions first = o.stages.empty() ? StageOptions{} : o.stages.front();
  const auto is_block = [](const StageOptions& stage) { return stage.residual; };
  const auto begin = std::ranges::find_if(o.stages, is_block);
  const auto end = std::find_if_not(begin, o.stages.end(), is_block);
  StageOptions block = begin == o.stages.end() ? StageOptions{} : *begin;
  StageOptions wide = end == o.stages.end() ? block : *end;
  int blocks = static_cast<int>(end - begin);
  int growth = blocks > 1 ? (begin + 1)->kernel - block.kernel : 2;
  int first_percent = percentage_of(first.filters, block.filters);
  int wide_percent = percentage_of(wide.filters, block.filters);
  bool head = !o.stages.empty() && o.stages.back().kernel == 1;
  bool gated = o.gates > 0;

  dial.choice("time_padding", o.time_padding, kTimePaddings, kPaddingHelp, kOff, {.shapes = true});
  const bool valid = o.time_padding != kTimePaddings.front();
  // Without padding each kernel takes frames, and one must be left. What is chosen later takes none at its least.
  const auto within = [valid](int most) { return valid ? DialLimit{.most = most, .shapes = true} : DialLimit{}; };
  constexpr int kAny = DialLimit{}.most;
  const auto share_of = [](int frames, int parts) { return parts > 0 ? frames / parts : kAny - 1; };
  dial("filters", block.filters, {24, 160, 4}, "channels of the blocks");
  dial("blocks", blocks, {2, 5, 1, 1, 10}, "blocks with a residual", within(kAny));
  dial("repeats", block.repeats, {1, 2, 1, 1, 8}, "depthwise + pointwise pairs of a block", within(kAny));
  dial("kernel", block.kernel, {7, 15, 2, 1, 64}, "frames of the first block's kernel",
       within(1 + share_of(map.time - 1 - frames_of_blocks(blocks, block.repeats, 1, 1), blocks * block.repeats)));
  dial("kernel_growth", growth, {2, 4, 2, 1, 16}, "frames that each further block's kernel has more",
       within(share_of(map.time - 1 - frames_of_blocks(blocks, block.repeats, block.kernel, 0),
                       frames_of_blocks(blocks, block.repeats, 1, 1))));
  const int taken = frames_of_blocks(blocks, block.repeats, block.kernel, growth);
  dial("first_percent", first_percent, {75, 200, 25, 25, 400}, "channels of the first stage, per cent of the blocks'");
  dial("first_kernel", first.kernel, {5, 13, 2, 1, 64}, "frames of the first stage's kernel", within(map.time - taken));
  dial("first_stride", first.stride, {1, 2, 1, 1, 8}, "frames of the first stage's step",
       within(share_of(map.time - first.kernel, taken)));
  const int left = window_output(map.time, first.kernel, first.stride, Padding::valid) - taken;
  dial("wide_percent", wide_percent, {100, 200, 25, 25, 400}, "channels of the last stage, per cent of the blocks'");
  dial("wide_kernel", wide.kernel, {9, 29, 4, 1, 64}, "frames of the last stage's kernel", within(left));
  dial("wide_dilation", wide.dilation, {1, 2, 1, 1, 16}, "its dilation", within(share_of(left - 1, wide.kernel - 1)));
  dial.flag("head", head, "a pointwise convolution behind it");
  dial.flag("gated", gated, "a gate head of 32 channels");
  dial.choice("skip", o.skip, kSkips, kSkipHelp, kOff);

  o.stages.clear();
  o.stages.push_back({.filters = channels_of(block.filters, first_percent),
                      .kernel = first.kernel,
                      .stride = first.stride,
                      .dilation = 1,
                      .repeats = 1,
                      .residual = false});
  for (int i = 0; i < blocks; ++i) {
    o.stages.push_back({.filters = block.filters,
                        .kernel = std::min(block.kernel + i * growth, 64),
                        .stride = 1,
                        .dilation = 1,
                        .repeats = block.repeats,
                        .residual = true});
  }
  o.stages.push_back({.filters = channels_of(block.filters, wide_percent),
                      .kernel = wide.kernel,
                      .stride = 1,
                      .dilation = wide.dilation,
                      .repeats = 1,
                      .residual = false});
  if (head) {
    o.stages.push_back({.filters = channels_of(block.filters, wide_percent),
                        .kernel = 1,
                        .stride = 1,
                        .dilation = 1,
                        .repeats = 1,
                        .residual = false});
  }
  o.gates = gated ? kGates : 0;
}

/// Appends the layers of a stage; the last pair's ReLU comes behind the residual.
class Stages {
 public:
  Stages(Graph& graph, bool pointwise_skip, Paddings padding)
      : graph_(graph), pointwise_skip_(pointwise_skip), padding_(padding) {}

  TensorId pointwise(const std::string& name, int filters, int stride, bool relu, TensorId in) const {
    return graph_.add(
        name, Conv2d{.filters = filters, .kernel = {1, 1}, .stride = {stride, 1}, .norm = Norm::affine, .relu = relu},
        {in});
  }

  TensorId operator()(const std::string& suffix, const StageOptions& stage, TensorId in) const {
    TensorId x = in;
    for (int r = 1; r <= stage.repeats; ++r) {
      const std::string part = stage.repeats > 1 ? suffix + "_" + std::to_string(r) : suffix;
      int stride = r == 1 ? stage.stride : 1;
      if (stage.kernel > 1) {
        x = graph_.add("dw" + part,
                       Depthwise2d{.kernel = {stage.kernel, 1},
                                   .stride = {stride, 1},
                                   .padding = padding_,
                                   .dilation = {stage.dilation, 1}},
                       {x});
        stride = 1;
      }
      x = pointwise("pw" + part, stage.filters, stride, r < stage.repeats || !stage.residual, x);
    }
    if (!stage.residual) return x;
    const bool same = !pointwise_skip_ && stage.stride == 1 && graph_.shape(in).channels == stage.filters;
    const TensorId skip = same ? in : pointwise("skip" + suffix, stage.filters, stage.stride, false, in);
    return graph_.add("add" + suffix, Add{.relu = true, .crop = true}, {x, skip});
  }

 private:
  Graph& graph_;
  bool pointwise_skip_;
  Paddings padding_;
};

void append(Graph& graph, const DsTcOptions& o, int classes) {
  coefficients_as_channels(graph);
  const Stages stages(graph, o.skip != kSkips.front(), padding_in_time(o.time_padding));
  TensorId x = 0;
  int number = 0;
  for (const StageOptions& stage : o.stages) x = stages(std::to_string(++number), stage, x);
  if (o.gates > 0) {
    x = stages.pointwise("gate", o.gates, 1, false, x);
    graph.add("gates", Activate{.function = Function::gate});
  }
  graph.add("pool", AvgPool2d{});
  graph.add("logits", Dense{.units = classes});
}

}  // namespace

/// Temporal depthwise-separable stages with residuals.
/// Source: Majumdar and Ginsburg, "MatchboxNet", Interspeech 2020; the gate head: Svirsky et al., "Sparse Binarization
/// for Fast Keyword Spotting", Interspeech 2024.
Family ds_tc() { return family_of<DsTcOptions>("ds_tc", "temporal depthwise-separable stages with residuals"); }

}  // namespace kws
