#include <optional>
#include <variant>

#include "step.h"

namespace kws::fused {
namespace {

/// Batch norm, or scale and bias, of each band of each channel, from an output without norm to a map of its own: time
/// steps are rows of it, their frequencies' channels its channels.
template <class Value>
struct BandNorm {
  BatchNorm norm;
  bool given;
  Buffer<Value> z;   // what readers get
  Buffer<Value> dy;  // of one clip
  NormGradient gradient{};

  BandNorm(const Depthwise2d& op, const LayerParameters& slot, const Stored<Value>& out, Format format)
      : norm(slot, {1, out.shape.channels, out.pitch}, {out.shape.freq, op.bands}),
        given(op.norm == Norm::none),
        z(out.clip * format.capacity),
        dy(out.clip) {}
};

template <class Value>
class Depthwise : public Step<Value> {
  using Step<Value>::out_;
  using Step<Value>::y_;
  using Step<Value>::adds_;

 public:
  Depthwise(const Layer& layer, const Depthwise2d& op, const LayerParameters& slot, Format format)
      : Depthwise(layer, op, axes_of(layer, op), slot, format) {}
  Depthwise(const Layer& layer, const Depthwise2d& op, const WindowAxes& axes, const LayerParameters& slot,
            Format format)
      : slot_(slot),
        taps_{op.kernel.time * op.kernel.freq, layer.output.channels, format.padded(layer.output.channels)},
        map_(map_of(axes, taps_.pitch)),
        epilogue_(op.bands > 1 ? LayerParameters{} : slot, op.bands > 1 ? Norm::none : op.norm,
                  op.bands == 1 && op.relu, {1, taps_.size, taps_.pitch}),
        weight_(taps_.length()),
        d_weight_(taps_.length()),
        tile_(depthwise_tile(map_)),
        spread_(depthwise_spread(map_)) {
    this->store_output(layer.output, format);
    epilogue_.attach(out_);
    if (op.bands == 1) return;
    bands_.emplace(op, slot, out_, format);
    out_.y = bands_->z.data();
    out_.activation.relu = op.relu;
  }

  void forward(const Pass<Value>& pass, const Stored<Value>& in) override {
    pack_vector(taps_, pass.parameters + slot_.weight, weight_.data());
    epilogue_.begin(pass);
    const bool statistics = bands_ && !bands_->given && pass.training;
    if (statistics) bands_->norm.begin(pass.statistics);
    for (int clip = 0; clip < pass.clips; ++clip) {
      pass.kernels.depthwise(
          map_, {in.y + clip * in.clip, in.activation, weight_.data(), epilogue_.bias(), y_.data() + clip * out_.clip,
                 epilogue_.moments(), tile_.data(), clip_ahead(pass, in, in.y, clip + 1)});
      if (statistics) {
        pass.kernels.moments(out_.shape.time, row(), y_.data() + clip * out_.clip, bands_->norm.moments());
      }
    }
    epilogue_.finish(pass, static_cast<std::ptrdiff_t>(pass.clips) * out_.positions());
    if (bands_) norm_bands(pass);
  }

  void backward(const Pass<Value>& pass, const Stored<Value>& in, const Value* dz, Value* d_in) override {
    epilogue_.begin_backward(pass, static_cast<std::ptrdiff_t>(pass.clips) * out_.positions());
    d_weight_.clear();
    if (bands_) add_up_bands(pass, dz);
    for (int clip = 0; clip < pass.clips; ++clip) {
      const std::ptrdiff_t at = clip * out_.clip;
      epilogue_.add_bias(pass, out_.positions(), dz + at);
      const Value* gradient = dz + at;
      if (bands_) {
        gradient = bands_->dy.data();
        pass.kernels.norm_gradient(out_.shape.time, row(), dz + at, y_.data() + at, bands_->gradient,
                                   bands_->dy.data());
      }
      pass.kernels.depthwise_backward(
          map_, {gradient, y_.data() + at, epilogue_.norm_gradient(), weight_.data(),
                 mask_of(in, clip * in.clip, adds_), d_in == nullptr ? nullptr : d_in + clip * in.clip,
                 d_weight_.data(), tile_.data(), spread_.data(), clip_ahead(pass, in, in.y, clip + 1),
                 clip_ahead(pass, out_, dz, clip + 1), clip_ahead(pass, out_, y_.data(), clip + 1)});
    }
    float* to = pass.gradients + slot_.weight;
    for (int tap = 0; tap < taps_.groups; ++tap) {
      std::copy_n(d_weight_.data() + static_cast<std::ptrdiff_t>(tap) * taps_.pitch, taps_.size,
                  to + static_cast<std::ptrdiff_t>(tap) * taps_.size);
    }
    epilogue_.finish_backward(pass);
  }

 private:
  /// Values of a time step.
  [[nodiscard]] int row() const { return static_cast<int>(out_.time); }
  [[nodiscard]] std::ptrdiff_t time_steps(const Pass<Value>& pass) const {
    return static_cast<std::ptrdiff_t>(pass.clips) * out_.shape.time;
  }

  void norm_bands(const Pass<Value>& pass) {
    BatchNorm& norm = bands_->norm;
    if (bands_->given) {
      norm.use_given(pass.parameters);
    } else if (pass.training) {
      norm.finish(time_steps(pass), pass.parameters, pass.statistics);
    } else {
      norm.use_running(pass.parameters, pass.statistics);
    }
    pass.kernels.activate(time_steps(pass), row(), y_.data(), norm.activation(false), bands_->z.data());
  }

  void add_up_bands(const Pass<Value>& pass, const Value* dz) {
    BatchNorm& norm = bands_->norm;
    const Broadcast all{static_cast<int>(time_steps(pass)), 1, row(), row(), 0};
    pass.kernels.spread(all, dz, 1.0F, {y_.data(), {}, norm.mean(), norm.sum(), norm.product()}, nullptr);
    bands_->gradient = norm.gradient(time_steps(pass), pass.parameters, pass.gradients);
  }

  /// A map of one frequency is one of a single time step as well: neighbours along the frequencies are computed
  /// together.
  static DepthwiseMap map_of(const WindowAxes& axes, int pitch) {
    const bool turn = axes.freq.in == 1 && axes.freq.kernel == 1;
    const WindowAxis& time = turn ? axes.freq : axes.time;
    const WindowAxis& freq = turn ? axes.time : axes.freq;
    return {.in_time = time.in,
            .in_freq = freq.in,
            .out_time = time.out,
            .out_freq = freq.out,
            .kernel_time = time.kernel,
            .kernel_freq = freq.kernel,
            .stride_time = time.stride,
            .stride_freq = freq.stride,
            .top = time.before(),
            .left = freq.before(),
            .pitch = pitch,
            .dilation_time = time.dilation,
            .dilation_freq = freq.dilation};
  }

  /// One clip of an array laid out like `like`.
  static Ahead clip_ahead(const Pass<Value>& pass, const Stored<Value>& like, const Value* array, int clip) {
    return clip < pass.clips ? Ahead{array + clip * like.clip, like.clip * static_cast<std::ptrdiff_t>(sizeof(Value))}
                             : Ahead{};
  }

  LayerParameters slot_;
  Axis taps_;  // kernel elements, each a vector of channels
  DepthwiseMap map_;
  Epilogue<Value> epilogue_;
  std::optional<BandNorm<Value>> bands_;
  Buffer<float> weight_, d_weight_, tile_, spread_;
};

}  // namespace

template <class Value>
std::unique_ptr<Step<Value>> make_depthwise(const Layer& layer, const LayerParameters& slot, Format format) {
  return std::make_unique<Depthwise<Value>>(layer, std::get<Depthwise2d>(layer.op), slot, format);
}
template std::unique_ptr<Step<float>> make_depthwise(const Layer&, const LayerParameters&, Format);
template std::unique_ptr<Step<Bf16>> make_depthwise(const Layer&, const LayerParameters&, Format);

}  // namespace kws::fused
