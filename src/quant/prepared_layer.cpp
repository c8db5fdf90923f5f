#include "prepared_layer.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <variant>
#include <vector>

#include "packed.h"
#include "window_product.h"

namespace kws::int8 {

namespace {

/// The windows of a layer in the plane it reads.
struct Windows {
  Extent kernel, stride, dilation;
  int first = 0;  ///< cells to the first one's first
};

template <class Window>
Windows windows_of(const Layer& layer, const Window& op, const Plane& in) {
  const WindowAxes axes = axes_of(layer, op);
  return {op.kernel, op.stride, op.dilation, in.offset(-axes.time.before(), -axes.freq.before())};
}
/// Windows of `kernel`, side by side.
Windows tiles(const Plane& in, Extent kernel) { return {kernel, kernel, {}, in.offset(0, 0)}; }
Windows whole_map(const Plane& in) { return tiles(in, {in.shape.time, in.shape.freq}); }

/// conv2d and dense: one product per position.
class ProductLayer : public PreparedLayer {
 public:
  ProductLayer(const Kernels& kernels, const Int8Layer& layer, const LayerPlanes& planes, const Windows& windows,
               int clips)
      : kernels_(kernels),
        product_(kernels, layer.main, 1, planes.in, windows.kernel, windows.dilation),
        positions_(planes.out.shape.time * planes.out.shape.freq),
        zero_point_(layer.output.zero_point),
        low_(layer.activation_min) {
    const auto& [in, second, out] = planes;
    for (int clip = 0; clip < clips; ++clip) {
      for (int t = 0; t < out.shape.time; ++t) {
        for (int f = 0; f < out.shape.freq; ++f) {
          in_.push_back(windows.first + clip * in.size() + t * windows.stride.time * in.row_step() +
                        f * windows.stride.freq * in.step);
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

/// A product with its weights and the factors of rows first .. first + count - 1.
Int8Product with_rows(const Int8Product& product, std::size_t first, std::size_t count) {
  const auto part = [&](const auto& all) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
    return std::decay_t<decltype(all)>(begin, begin + static_cast<std::ptrdiff_t>(count));
  };
  return {.weight = product.weight,
          .bias = part(product.bias),
          .multiplier = part(product.multiplier),
          .shift = part(product.shift)};
}

/// depthwise2d, and avg_pool2d as a window over what it takes the mean of.
class DepthwiseLayer : public PreparedLayer {
 public:
  /// product  with `bands` times the rows of its weights
  DepthwiseLayer(const Kernels& kernels, const Int8Layer& layer, const Int8Product& product, const LayerPlanes& planes,
                 const Windows& windows, int bands)
      : kernels_(kernels),
        in_(planes.in),
        out_(planes.out),
        out_offset_(offsets(planes.out.shape.freq, planes.out.step)),
        windows_(windows),
        zero_point_(layer.output.zero_point),
        low_(layer.activation_min) {
    const auto channels = to_size(in_.shape.channels);
    for (int band = 0; band < bands; ++band) {
      bands_.push_back(pack_windows(kernels, with_rows(product, to_size(band) * channels, channels),
                                    windows.kernel.time, windows.kernel.freq));
    }
    for (int f = 0; f < out_.shape.freq; ++f) {
      const int band = f * bands / out_.shape.freq;
      // A dilated window has its columns to itself.
      const bool goes_on = !runs_.empty() && runs_.back().band == band && windows.dilation.freq == 1;
      if (goes_on) {
        ++runs_.back().count;
      } else {
        runs_.push_back({f, 1, band});
      }
    }
  }

  [[nodiscard]] std::size_t scratch_bytes() const override {
    int most = 0;
    for (const Run& run : runs_) most = std::max(most, columns(run));
    return to_size(most * bands_.front().words * kernels_.word * kernels_.cells) * cell_bytes(kernels_);
  }

  void run(const LayerRun& run) const override {
    for (const Run& part : runs_) {
      const PackedProduct& packed = bands_[to_size(part.band)];
      DepthwiseCall call{.in = nullptr,
                         .row_step = static_cast<std::ptrdiff_t>(windows_.dilation.time) * in_.row_step(),
                         .column_step = static_cast<std::ptrdiff_t>(windows_.dilation.freq) * in_.step,
                         .kernel_time = windows_.kernel.time,
                         .kernel_freq = windows_.kernel.freq,
                         .stride_freq = windows_.stride.freq,
                         .columns = columns(part),
                         .weight = packed.weight.data(),
                         .scaling = packed.scaling.view(),
                         .blocks = packed.blocks,
                         .out = nullptr,
                         .out_offset = out_offset_.data(),
                         .count = part.count,
                         .scratch = run.scratch,
                         .zero_point = zero_point_,
                         .low = low_};
      const int first = windows_.first + part.first * windows_.stride.freq * in_.step;
      for (int clip = 0; clip < run.clips; ++clip) {
        for (int t = 0; t < out_.shape.time; ++t) {
          call.in = at_cell(kernels_, run.in, clip * in_.size() + first + t * windows_.stride.time * in_.row_step());
          call.out = at_cell(kernels_, run.out, clip * out_.size() + out_.offset(t, part.first));
          kernels_.depthwise(call);
        }
      }
    }
  }

 private:
  /// Neighbouring outputs of a row that share columns and factors.
  struct Run {
    int first, count, band;
  };
  [[nodiscard]] int columns(const Run& run) const {
    return (run.count - 1) * windows_.stride.freq + windows_.kernel.freq;
  }

  const Kernels& kernels_;
  std::vector<PackedProduct> bands_;
  std::vector<Run> runs_;
  Plane in_, out_;
  std::vector<std::int32_t> out_offset_;  // cells, within a row
  Windows windows_;
  std::int32_t zero_point_, low_;
};

/// Cells hold an activation plus this.
template <class Cell>
constexpr int kCellOffset = std::is_same_v<Cell, std::uint8_t> ? 128 : 0;

class AddLayer : public PreparedLayer {
 public:
  AddLayer(const Kernels& kernels, const Int8Layer& layer, const LayerPlanes& planes)
      : kernels_(kernels), planes_(planes), first_(first_added(layer.layer)) {
    const auto& [a, b, out] = planes_;
    const int offset = kernels.word == 4 ? kCellOffset<std::uint8_t> : kCellOffset<std::int16_t>;
    call_ = {.a = nullptr,
             .b = nullptr,
             .a_step = a.step,
             .b_step = b.shape.freq == 1 ? 0 : b.step,
             .a_factor = layer.addend[0],
             .b_factor = layer.addend[1],
             .bias = add_bias(layer) - offset * (layer.addend[0] + layer.addend[1]),
             .shift = layer.add_shift,
             .out = nullptr,
             .count = out.shape.freq,
             .blocks = out.step / kernels.cells,
             .low = layer.activation_min};
  }

  void run(const LayerRun& run) const override {
    const auto& [a, b, out] = planes_;
    AddCall call = call_;
    for (int clip = 0; clip < run.clips; ++clip) {
      for (int t = 0; t < out.shape.time; ++t) {
        call.a = at_cell(kernels_, run.in, clip * a.size() + a.offset(t, 0));
        call.b = at_cell(kernels_, run.second, clip * b.size() + b.offset(b.shape.time == 1 ? 0 : first_ + t, 0));
        call.out = at_cell(kernels_, run.out, clip * out.size() + out.offset(t, 0));
        kernels_.add(call);
      }
    }
  }

 private:
  const Kernels& kernels_;
  LayerPlanes planes_;
  AddCall call_;
  int first_;
};

class ActivateLayer : public PreparedLayer {
 public:
  ActivateLayer(const Kernels& kernels, const Int8Layer& layer, const LayerPlanes& planes)
      : kernels_(kernels), planes_(planes), table_(layer.table) {}

  void run(const LayerRun& run) const override {
    if (kernels_.word == 4) {
      run_cells<std::uint8_t>(run);
    } else {
      run_cells<std::int16_t>(run);
    }
  }

 private:
  template <class Cell>
  void run_cells(const LayerRun& run) const {
    const auto& [from, second, to] = planes_;
    for (int clip = 0; clip < run.clips; ++clip) {
      for (int t = 0; t < to.shape.time; ++t) {
        for (int f = 0; f < to.shape.freq; ++f) {
          const auto* in = static_cast<const Cell*>(run.in) + clip * from.size() + from.offset(t, f);
          auto* out = static_cast<Cell*>(run.out) + clip * to.size() + to.offset(t, f);
          for (int c = 0; c < to.shape.channels; ++c) {
            out[c] = static_cast<Cell>(table_[to_size(in[c] - kCellOffset<Cell> + 128)] + kCellOffset<Cell>);
          }
        }
      }
    }
  }

  const Kernels& kernels_;
  LayerPlanes planes_;
  std::vector<std::int8_t> table_;
};

/// The sum of q - zero_point as a window of ones, with the one multiplier for every channel.
Int8Product window_of_ones(const Int8Layer& layer, int elements) {
  const auto channels = to_size(layer.layer.input.channels);
  return {.weight = std::vector<std::int8_t>(to_size(elements) * channels, 1),
          .bias = std::vector<std::int32_t>(channels, -layer.input.zero_point * elements),
          .multiplier = std::vector<std::int32_t>(channels, layer.main.multiplier.front()),
          .shift = std::vector<std::int8_t>(channels, layer.main.shift.front())};
}

}  // namespace

void widen_borders(Plane& plane, const Int8Layer& reader) {
  const Layer& layer = reader.layer;
  plane.zero_point = reader.input.zero_point;
  const auto widen = [&](const WindowAxes& axes) {
    plane.top = std::max(plane.top, axes.time.before());
    plane.left = std::max(plane.left, axes.freq.before());
    plane.bottom = std::max(plane.bottom, axes.time.after());
    plane.right = std::max(plane.right, axes.freq.after());
  };
  if (const auto* conv = std::get_if<Conv2d>(&layer.op)) widen(axes_of(layer, *conv));
  if (const auto* depthwise = std::get_if<Depthwise2d>(&layer.op)) widen(axes_of(layer, *depthwise));
}

std::unique_ptr<PreparedLayer> prepare_layer(const Kernels& kernels, const Int8Layer& layer, const LayerPlanes& planes,
                                             int clips) {
  struct Prepare {
    const Kernels& kernels;
    const Int8Layer& layer;
    const LayerPlanes& planes;
    int clips;
    using Result = std::unique_ptr<PreparedLayer>;

    Result operator()(const Conv2d& op) const {
      return std::make_unique<ProductLayer>(kernels, layer, planes, windows_of(layer.layer, op, planes.in), clips);
    }
    Result operator()(const Depthwise2d& op) const {
      return std::make_unique<DepthwiseLayer>(kernels, layer, layer.main, planes,
                                              windows_of(layer.layer, op, planes.in), op.bands);
    }
    Result operator()(const AvgPool2d& op) const {
      const Extent kernel{op.over_time ? planes.in.shape.time : 1, op.over_freq ? planes.in.shape.freq : 1};
      return std::make_unique<DepthwiseLayer>(kernels, layer, window_of_ones(layer, kernel.time * kernel.freq), planes,
                                              tiles(planes.in, kernel), 1);
    }
    Result operator()(const Dense& /*op*/) const {
      return std::make_unique<ProductLayer>(kernels, layer, planes, whole_map(planes.in), clips);
    }
    Result operator()(const Add& /*op*/) const { return std::make_unique<AddLayer>(kernels, layer, planes); }
    Result operator()(const Activate& /*op*/) const { return std::make_unique<ActivateLayer>(kernels, layer, planes); }
    Result operator()(const Lstm& op) const { return prepare_lstm(kernels, layer, op, planes.in, planes.out, clips); }
    Result operator()(const Gru& op) const { return prepare_gru(kernels, layer, op, planes.in, planes.out, clips); }
  };
  return std::visit(Prepare{kernels, layer, planes, clips}, layer.layer.op);
}

}  // namespace kws::int8
