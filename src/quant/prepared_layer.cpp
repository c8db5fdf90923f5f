#include "prepared_layer.h"

#include <algorithm>
#include <variant>
#include <vector>

#include "packed.h"
#include "window_product.h"

namespace kws::int8 {

namespace {

void add_borders(Plane& plane, const WindowAxes& axes) {
  plane.top = axes.time.before();
  plane.left = axes.freq.before();
  plane.bottom = axes.time.after();
  plane.right = axes.freq.after();
}

/// conv2d and dense: one product per position.
class ProductLayer : public PreparedLayer {
 public:
  ProductLayer(const Kernels& kernels, const Int8Layer& layer, const Plane& in, const Plane& out, Extent kernel,
               Extent stride, int clips)
      : kernels_(kernels),
        product_(kernels, layer.main, 1, in, kernel),
        positions_(out.shape.time * out.shape.freq),
        zero_point_(layer.output.zero_point),
        low_(layer.activation_min) {
    for (int clip = 0; clip < clips; ++clip) {
      for (int t = 0; t < out.shape.time; ++t) {
        for (int f = 0; f < out.shape.freq; ++f) {
          in_.push_back(clip * in.size() + t * stride.time * in.row_step() + f * stride.freq * in.step);
          out_.push_back(clip * out.size() + out.offset(t, f));
        }
      }
    }
  }

  void run(const LayerRun& run) const override {
    ProductCall call = product_.call();
    call.in = run.in;
    call.in_offset = in_.data();
    call.count = run.clips * positions_;
    call.out = run.out;
    call.out_offset = out_.data();
    call.zero_point = zero_point_;
    call.low = low_;
    kernels_.product(call);
  }

 private:
  const Kernels& kernels_;
  WindowProduct product_;
  int positions_;
  std::int32_t zero_point_, low_;
  std::vector<std::int32_t> in_, out_;  // cells, of every position of every clip
};

/// depthwise2d, and avg_pool2d as a window over the whole map.
class DepthwiseLayer : public PreparedLayer {
 public:
  DepthwiseLayer(const Kernels& kernels, const Int8Layer& layer, const Int8Product& product, const Plane& in,
                 const Plane& out, Extent kernel, Extent stride)
      : kernels_(kernels),
        windows_(pack_windows(kernels, product, kernel.time, kernel.freq)),
        in_(in),
        out_(out),
        out_offset_(offsets(out.shape.freq, out.step)),
        kernel_(kernel),
        stride_(stride),
        zero_point_(layer.output.zero_point),
        low_(layer.activation_min) {}

  [[nodiscard]] int columns() const { return (out_.shape.freq - 1) * stride_.freq + kernel_.freq; }
  [[nodiscard]] std::size_t scratch_bytes() const override {
    return to_size(columns() * windows_.words * kernels_.word * kernels_.cells) * cell_bytes(kernels_);
  }

  void run(const LayerRun& run) const override {
    DepthwiseCall call{.in = nullptr,
                       .row_step = in_.row_step(),
                       .column_step = in_.step,
                       .kernel_time = kernel_.time,
                       .kernel_freq = kernel_.freq,
                       .stride_freq = stride_.freq,
                       .columns = columns(),
                       .weight = windows_.weight.data(),
                       .scaling = windows_.scaling.view(),
                       .blocks = windows_.blocks,
                       .out = nullptr,
                       .out_offset = out_offset_.data(),
                       .count = out_.shape.freq,
                       .scratch = run.scratch,
                       .zero_point = zero_point_,
                       .low = low_};
    for (int clip = 0; clip < run.clips; ++clip) {
      for (int t = 0; t < out_.shape.time; ++t) {
        call.in = at_cell(kernels_, run.in, clip * in_.size() + t * stride_.time * in_.row_step());
        call.out = at_cell(kernels_, run.out, clip * out_.size() + out_.offset(t, 0));
        kernels_.depthwise(call);
      }
    }
  }

 private:
  const Kernels& kernels_;
  PackedProduct windows_;
  Plane in_, out_;
  std::vector<std::int32_t> out_offset_;  // cells, within a row
  Extent kernel_, stride_;
  std::int32_t zero_point_, low_;
};

/// The sum of q - zero_point as a window of ones, with the one multiplier for every channel.
Int8Product window_of_ones(const Int8Layer& layer) {
  const auto channels = to_size(layer.layer.input.channels);
  const int positions = layer.layer.input.time * layer.layer.input.freq;
  return {.weight = std::vector<std::int8_t>(to_size(positions) * channels, 1),
          .bias = std::vector<std::int32_t>(channels, -layer.input.zero_point * positions),
          .multiplier = std::vector<std::int32_t>(channels, layer.main.multiplier.front()),
          .shift = std::vector<std::int8_t>(channels, layer.main.shift.front())};
}

}  // namespace

Plane plane_before(const Int8Layer& layer, int step) {
  Plane plane{.shape = layer.layer.input, .step = step, .zero_point = layer.input.zero_point};
  if (const auto* conv = std::get_if<Conv2d>(&layer.layer.op)) {
    add_borders(plane, axes_of(layer.layer, *conv));
  } else if (const auto* depthwise = std::get_if<Depthwise2d>(&layer.layer.op)) {
    add_borders(plane, axes_of(layer.layer, *depthwise));
  }
  return plane;
}

std::unique_ptr<PreparedLayer> prepare_layer(const Kernels& kernels, const Int8Layer& layer, const Plane& in,
                                             const Plane& out, int clips) {
  struct Prepare {
    const Kernels& kernels;
    const Int8Layer& layer;
    const Plane &in, &out;
    int clips;
    using Result = std::unique_ptr<PreparedLayer>;

    [[nodiscard]] Extent whole() const { return {in.shape.time, in.shape.freq}; }
    Result operator()(const Conv2d& op) const {
      return std::make_unique<ProductLayer>(kernels, layer, in, out, op.kernel, op.stride, clips);
    }
    Result operator()(const Depthwise2d& op) const {
      return std::make_unique<DepthwiseLayer>(kernels, layer, layer.main, in, out, op.kernel, op.stride);
    }
    Result operator()(const AvgPool2d& /*op*/) const {
      return std::make_unique<DepthwiseLayer>(kernels, layer, window_of_ones(layer), in, out, whole(), Extent{1, 1});
    }
    Result operator()(const Dense& /*op*/) const {
      return std::make_unique<ProductLayer>(kernels, layer, in, out, whole(), Extent{1, 1}, clips);
    }
    Result operator()(const Add& /*op*/) const { return nullptr; }
    Result operator()(const Activate& /*op*/) const { return nullptr; }
    Result operator()(const Lstm& op) const { return prepare_lstm(kernels, layer, op, in, out, clips); }
    Result operator()(const Gru& op) const { return prepare_gru(kernels, layer, op, in, out, clips); }
  };
  return std::visit(Prepare{kernels, layer, in, out, clips}, layer.layer.op);
}

}  // namespace kws::int8
