// Convolution and dense layers as one matrix product over rows: a row is a position (1x1 convolution), a clip (dense)
// or the patch under a kernel.
#include <variant>

#include "step.h"

namespace kws::fused {
namespace {

constexpr int kBlockRows = 96;  // rows in flight: their input, output and gradients stay in the inner caches

/// How rows come out of the stored input.
struct Rows {
  int per_clip;  ///< rows of one clip
  Axis in;       ///< elements of a row
  bool patches;  ///< else rows lie one after the other in the input
  Shape map;     ///< of a clip, padding included
  int top = 0, left = 0;
  PatchMap patch{};
};

template <class Value>
Rows rows_of(const Layer& layer, const Stored<Value>& in) {
  const Shape& from = layer.input;
  const Shape& to = layer.output;
  const auto* op = std::get_if<Conv2d>(&layer.op);
  if (op == nullptr) return {1, {in.positions(), from.channels, in.pitch}, false, {}};
  const int taps = op->kernel.time * op->kernel.freq;
  Rows rows{to.time * to.freq, {taps, from.channels, in.pitch}, true, {}};
  if (taps == 1 && op->stride.time == 1 && op->stride.freq == 1 && in.pitch % Storage<Value>::kDepth == 0) {
    rows.patches = false;
    return rows;
  }
  const WindowAxes axes = axes_of(layer, *op);
  rows.top = axes.time.before();
  rows.left = axes.freq.before();
  const auto extent = [](const WindowAxis& axis) {
    return std::max(axis.before() + axis.in, (axis.out - 1) * axis.stride + axis.span());
  };
  rows.map = {extent(axes.time), extent(axes.freq), in.pitch};
  const std::ptrdiff_t map_row = rows.map.step();
  const bool whole = op->dilation.freq == 1;  // the frequencies under a kernel are neighbours
  rows.patch = {.out_freq = to.freq,
                .runs_time = op->kernel.time,
                .runs_freq = whole ? 1 : op->kernel.freq,
                .run = (whole ? op->kernel.freq : 1) * in.pitch,
                .run_time = op->dilation.time * map_row,
                .run_freq = static_cast<std::ptrdiff_t>(op->dilation.freq) * in.pitch,
                .step_time = op->stride.time * map_row,
                .step_freq = static_cast<std::ptrdiff_t>(op->stride.freq) * in.pitch,
                .length = whole_factors<Value>(rows.in.length())};
  return rows;
}

template <class Value>
class Product : public Step<Value> {
  using Step<Value>::out_;
  using Step<Value>::y_;
  using Step<Value>::adds_;

 public:
  Product(const Layer& layer, const LayerParameters& slot, Norm norm, bool relu, const Stored<Value>& in, bool first,
          Format format)
      : slot_(slot),
        rows_(rows_of(layer, in)),
        out_axis_{1, layer.output.channels, format.padded(layer.output.channels)},
        weight_(out_axis_, rows_.in, !first),
        epilogue_(slot, norm, relu, out_axis_),
        row_(weight_.inputs()),
        a_(static_cast<std::ptrdiff_t>(kBlockRows) * row_),
        dy_(static_cast<std::ptrdiff_t>(kBlockRows) * out_axis_.pitch),
        a_factors_(kDepth > 1 ? a_.size() / kDepth : 0),
        dy_factors_(kDepth > 1 ? dy_.size() / kDepth : 0),
        da_(first ? 0 : static_cast<std::ptrdiff_t>(kBlockRows) * row_),
        map_(rows_.patches ? rows_.map.elements() : 0),
        d_map_(rows_.patches && !first ? rows_.map.elements() : 0) {
    this->store_output(layer.output, format);
    epilogue_.attach(out_);
  }

  void forward(const Pass<Value>& pass, const Stored<Value>& in) override {
    weight_.pack(pass.kernels, pass.parameters + slot_.weight);
    epilogue_.begin(pass);
    const int pitch = out_axis_.pitch;
    each_block(pass, in, [&](std::ptrdiff_t first, int rows, const Value* a) {
      Value* y = y_.data() + first * pitch;
      const Gemm<Factor<Value>, Value> product = {.rows = rows,
                                                  .columns = pitch,
                                                  .depth = weight_.input_depth(),
                                                  .a = row_factors(a),
                                                  .a_row = row_ / kDepth,
                                                  .a_depth = 1,
                                                  .b = weight_.forward(),
                                                  .b_row = pitch,
                                                  .c = y,
                                                  .c_row = pitch,
                                                  .bias = epilogue_.bias(),
                                                  .ahead = input_ahead(pass, in, first + rows),
                                                  .also = output_ahead(pass, y_.data(), first + rows)};
      if (epilogue_.moments() == nullptr) {
        pass.kernels.gemm_kept(product);
      } else {
        pass.kernels.gemm_moments(product, *epilogue_.moments());
      }
    });
    epilogue_.finish(pass, all_rows(pass));
  }

  void backward(const Pass<Value>& pass, const Stored<Value>& in, const Value* dz, Value* d_in) override {
    const Kernels<Value>& k = pass.kernels;
    const int pitch = out_axis_.pitch;
    epilogue_.begin_backward(pass, all_rows(pass));
    weight_.clear_gradient();
    each_block(
        pass, in,
        [&](std::ptrdiff_t first, int rows, const Value* a) {
          const Value* dy = epilogue_.to_dy(pass, rows, dz + first * pitch, y_.data() + first * pitch, dy_.data());
          k.gemm({.rows = weight_.used_inputs(),
                  .columns = pitch,
                  .depth = {whole_factors<Value>(rows) / kDepth},
                  .a = k.factors(rows, row_, a, row_, a_factors_.data()),
                  .a_row = 1,
                  .a_depth = row_,
                  .b = k.factors(rows, pitch, dy, pitch, dy_factors_.data()),
                  .b_row = pitch,
                  .c = weight_.gradient(),
                  .c_row = pitch,
                  .add = true,
                  .ahead = output_ahead(pass, dz, first + rows),
                  .also = output_ahead(pass, y_.data(), first + rows)});
          if (d_in != nullptr) input_gradient(pass, in, first, rows, dy, d_in);
        },
        [&](int clip) {
          if (d_in != nullptr) pass_back_map(k, in, clip, d_in);
        });
    weight_.collect(pass.gradients + slot_.weight);
    epilogue_.finish_backward(pass);
  }

 private:
  void input_gradient(const Pass<Value>& pass, const Stored<Value>& in, std::ptrdiff_t first, int rows, const Value* dy,
                      Value* d_in) {
    const Kernels<Value>& k = pass.kernels;
    const auto product = [&]<class Out>(Out* to) -> Gemm<Factor<Value>, Out> {
      return {.rows = rows,
              .columns = row_,
              .depth = weight_.output_depth(),
              .a = row_factors(dy),
              .a_row = out_axis_.pitch / kDepth,
              .a_depth = 1,
              .b = weight_.backward(),
              .b_row = row_,
              .c = to,
              .c_row = row_,
              .ahead = input_ahead(pass, in, first + rows)};
    };
    Value* to = d_in + first * row_;
    if (row_ == in.pitch && !rows_.patches && dy != to) {
      k.gemm_masked(product(to), mask_of(in, first * row_, adds_), da_.data());
      return;
    }
    k.gemm(product(da_.data()));
    if (rows_.patches) {
      k.scatter(rows_.patch, static_cast<int>(first % rows_.per_clip), rows, da_.data(), d_map_.data());
    } else {
      const std::ptrdiff_t positions = row_ / in.pitch;  // of one row
      pass_back(k, in, first * positions, rows * positions, da_.data(), adds_, d_in);
    }
  }

  [[nodiscard]] std::ptrdiff_t all_rows(const Pass<Value>& pass) const {
    return static_cast<std::ptrdiff_t>(pass.clips) * rows_.per_clip;
  }

  static constexpr int kDepth = Storage<Value>::kDepth;

  /// Calls block(first row, rows, activated input rows) for all rows, and with patches clip_done(clip) between clips.
  template <class Block, class ClipDone>
  void each_block(const Pass<Value>& pass, const Stored<Value>& in, const Block& block, const ClipDone& clip_done) {
    if (!rows_.patches) {
      const std::ptrdiff_t all = all_rows(pass);
      for (std::ptrdiff_t first = 0; first < all; first += kBlockRows) {
        const int rows = static_cast<int>(std::min<std::ptrdiff_t>(kBlockRows, all - first));
        const Value* a = in.y + first * row_;
        if (!in.plain()) {
          pass.kernels.activate(rows * static_cast<std::ptrdiff_t>(row_ / in.pitch), in.pitch, a, in.activation,
                                a_.data());
          a = a_.data();
        }
        block(first, rows, a);
      }
      return;
    }
    for (int clip = 0; clip < pass.clips; ++clip) {
      fill_map(pass.kernels, in, clip);
      for (int first = 0; first < rows_.per_clip; first += kBlockRows) {
        const int rows = std::min(kBlockRows, rows_.per_clip - first);
        pass.kernels.gather(rows_.patch, first, rows, map_.data(), a_.data());
        block(static_cast<std::ptrdiff_t>(clip) * rows_.per_clip + first, rows, a_.data());
      }
      clip_done(clip);
    }
  }
  template <class Block>
  void each_block(const Pass<Value>& pass, const Stored<Value>& in, const Block& block) {
    each_block(pass, in, block, [](int) {});
  }

  /// The block from row `first` on of an array laid out like the output.
  [[nodiscard]] Ahead output_ahead(const Pass<Value>& pass, const Value* array, std::ptrdiff_t first) const {
    const std::ptrdiff_t rows = std::min<std::ptrdiff_t>(kBlockRows, all_rows(pass) - first);
    return {array + first * out_axis_.pitch, rows * out_axis_.pitch * static_cast<std::ptrdiff_t>(sizeof(Value))};
  }
  [[nodiscard]] Ahead input_ahead(const Pass<Value>& pass, const Stored<Value>& in, std::ptrdiff_t first) const {
    if (rows_.patches) return {};  // the clip's map is in the cache
    const std::ptrdiff_t rows = std::min<std::ptrdiff_t>(kBlockRows, all_rows(pass) - first);
    return {in.y + first * row_, rows * row_ * static_cast<std::ptrdiff_t>(sizeof(Value))};
  }

  [[nodiscard]] std::ptrdiff_t map_at(int time) const {
    return ((static_cast<std::ptrdiff_t>(time) + rows_.top) * rows_.map.freq + rows_.left) * rows_.map.channels;
  }

  /// The padding around the clip stays zero from the start.
  void fill_map(const Kernels<Value>& kernels, const Stored<Value>& in, int clip) {
    for (int t = 0; t < in.shape.time; ++t) {
      const Value* from = in.y + clip * in.clip + t * in.time;
      if (in.plain()) {
        std::copy_n(from, in.time, map_.data() + map_at(t));
      } else {
        kernels.activate(in.shape.freq, in.pitch, from, in.activation, map_.data() + map_at(t));
      }
    }
  }

  void pass_back_map(const Kernels<Value>& kernels, const Stored<Value>& in, int clip, Value* d_in) {
    for (int t = 0; t < in.shape.time; ++t) {
      const std::ptrdiff_t first = (static_cast<std::ptrdiff_t>(clip) * in.shape.time + t) * in.shape.freq;
      pass_back(kernels, in, first, in.shape.freq, d_map_.data() + map_at(t), adds_, d_in);
    }
    d_map_.clear();
  }

  LayerParameters slot_;
  Rows rows_;
  Axis out_axis_;
  PackedMatrix<Value> weight_;
  Epilogue<Value> epilogue_;
  int row_;  // values of an input row
  Buffer<Value> a_, dy_;
  Buffer<Factor<Value>> a_factors_, dy_factors_;  // where values are none by themselves: the rows as a product's depth
  Buffer<float> da_;
  Buffer<Value> map_;
  Buffer<float> d_map_;
};

}  // namespace

template <class Value>
std::unique_ptr<Step<Value>> make_product(const Layer& layer, const LayerParameters& slot, const Stored<Value>& in,
                                          bool first, Format format) {
  const auto* dense = std::get_if<Dense>(&layer.op);
  const bool relu = dense != nullptr ? dense->relu : std::get<Conv2d>(layer.op).relu;
  return std::make_unique<Product<Value>>(layer, slot, norm_of(layer.op), relu, in, first, format);
}
template std::unique_ptr<Step<float>> make_product(const Layer&, const LayerParameters&, const Stored<float>&, bool,
                                                   Format);
template std::unique_ptr<Step<Bf16>> make_product(const Layer&, const LayerParameters&, const Stored<Bf16>&, bool,
                                                  Format);

}  // namespace kws::fused
