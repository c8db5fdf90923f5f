// Convolution over time alone, of clips with one frequency: a patch is a run of the clip's time steps, so that products
// read the clip itself, on the way back as well. Among networks with such layers none steps in bfloat16 (float alone).
#include <algorithm>
#include <variant>

#include "step.h"

namespace kws::fused {
namespace {

constexpr int kDepthRows = 100;  // time steps that one product for the kernel's gradient adds up, about

class TimeConv : public Step<float> {
 public:
  TimeConv(const Layer& layer, const Conv2d& op, const LayerParameters& slot, const Stored<float>& in, bool first,
           Format format)
      : TimeConv(layer, op, axes_of(layer, op).time, slot, in, first, format) {}
  TimeConv(const Layer& layer, const Conv2d& op, const WindowAxis& time, const LayerParameters& slot,
           const Stored<float>& in, bool first, Format format)
      : slot_(slot),
        steps_(time.out),
        taps_(time.kernel),
        stride_(time.stride),
        top_(time.before()),
        reach_(reach(taps_, stride_)),
        extent_(spread_extent(time.in, top_, steps_, taps_, stride_)),
        group_(std::clamp(kDepthRows / steps_, 1, format.capacity)),
        in_{1, layer.input.channels, in.pitch},
        out_axis_{1, op.filters, format.padded(op.filters)},
        weight_(out_axis_, {taps_, in_.size, in_.pitch}, false),
        epilogue_(slot, op.norm, op.relu, out_axis_),
        turned_(first ? 0 : static_cast<std::ptrdiff_t>(taps_) * out_axis_.pitch * in_.pitch),
        map_(static_cast<std::ptrdiff_t>(group_) * extent_ * stride_ * in_.pitch),
        dy_(static_cast<std::ptrdiff_t>(group_) * extent_ * out_axis_.pitch) {
    this->store_output(layer.output, format);
    epilogue_.attach(out_);
  }

  void forward(const Pass<float>& pass, const Stored<float>& in) override {
    weight_.pack(pass.kernels, pass.parameters + slot_.weight);
    epilogue_.begin(pass);
    const int pitch = out_axis_.pitch;
    for (int clip = 0; clip < pass.clips; ++clip) {
      fill_map(pass.kernels, in, clip, 0);
      const Gemm<float, float> product = {.rows = steps_,
                                          .columns = pitch,
                                          .depth = weight_.input_depth(),
                                          .a = map_.data(),
                                          .a_row = map_step(),
                                          .a_depth = 1,
                                          .b = weight_.forward(),
                                          .b_row = pitch,
                                          .c = y_.data() + clip * out_.clip,
                                          .c_row = pitch,
                                          .bias = epilogue_.bias(),
                                          .ahead = clips_ahead(pass, in, in.y, clip + 1, 1),
                                          .also = clips_ahead(pass, out_, y_.data(), clip + 1, 1)};
      if (epilogue_.moments() == nullptr) {
        pass.kernels.gemm_kept(product);
      } else {
        pass.kernels.gemm_moments(product, *epilogue_.moments());
      }
    }
    epilogue_.finish(pass, static_cast<std::ptrdiff_t>(pass.clips) * steps_);
  }

  void backward(const Pass<float>& pass, const Stored<float>& in, const float* dz, float* d_in) override {
    epilogue_.begin_backward(pass, static_cast<std::ptrdiff_t>(pass.clips) * steps_);
    weight_.clear_gradient();
    if (d_in != nullptr) turn(pass.parameters + slot_.weight);
    for (int first = 0; first < pass.clips; first += group_) {
      const int clips = std::min(group_, pass.clips - first);
      for (int i = 0; i < clips; ++i) {
        fill_map(pass.kernels, in, first + i, i);
        float* dy = dy_of(i);
        const std::ptrdiff_t at = (first + i) * out_.clip;
        const float* from = epilogue_.to_dy(pass, steps_, dz + at, y_.data() + at, dy);
        if (from != dy) std::copy_n(from, out_.clip, dy);
      }
      add_gradient(pass, dz, first, clips);
      for (int i = 0; d_in != nullptr && i < clips; ++i) input_gradient(pass, in, first + i, i, d_in);
    }
    weight_.collect(pass.gradients + slot_.weight);
    epilogue_.finish_backward(pass);
  }

 private:
  /// Values from one patch to the next.
  [[nodiscard]] std::ptrdiff_t map_step() const { return static_cast<std::ptrdiff_t>(stride_) * in_.pitch; }
  /// The padded clip of a group's place; the padding around it stays zero from the start.
  [[nodiscard]] float* map_of(int place) { return map_.data() + place * extent_ * map_step(); }
  /// The gradient of its outputs, likewise.
  [[nodiscard]] float* dy_of(int place) {
    return dy_.data() + (static_cast<std::ptrdiff_t>(place) * extent_ + reach_) * out_axis_.pitch;
  }

  /// Some clips of an array laid out like `like`.
  static Ahead clips_ahead(const Pass<float>& pass, const Stored<float>& like, const float* array, int first,
                           int clips) {
    const std::ptrdiff_t values = std::min(clips, pass.clips - first) * like.clip;
    return {array + first * like.clip, values * static_cast<std::ptrdiff_t>(sizeof(float))};
  }

  void fill_map(const Kernels<float>& kernels, const Stored<float>& in, int clip, int place) {
    const auto fill = [&](int first, int rows) {
      const float* from = in.y + clip * in.clip + first * in.time;
      float* to = map_of(place) + (static_cast<std::ptrdiff_t>(top_) + first) * in_.pitch;
      if (in.plain()) {
        std::copy_n(from, static_cast<std::ptrdiff_t>(rows) * in_.pitch, to);
      } else {
        kernels.activate(rows, in_.pitch, from, in.activation, to);
      }
    };
    if (taps_ >= stride_) return fill(0, in.shape.time);
    for (int step = 0; step < steps_; ++step) {  // others are not read
      const int from = std::max(0, step * stride_ - top_), to = std::min(in.shape.time, step * stride_ - top_ + taps_);
      if (from < to) fill(from, to - from);
    }
  }

  void add_gradient(const Pass<float>& pass, const float* dz, int first, int clips) {
    Gemm<float, float> product = {.rows = weight_.used_inputs(),
                                  .columns = out_axis_.pitch,
                                  .depth = {steps_, clips, extent_},
                                  .a = map_.data(),
                                  .a_row = 1,
                                  .a_depth = map_step(),
                                  .b = dy_of(0),
                                  .b_row = out_axis_.pitch,
                                  .c = weight_.gradient(),
                                  .c_row = out_axis_.pitch,
                                  .add = true,
                                  .ahead = clips_ahead(pass, out_, dz, first + clips, group_),
                                  .also = clips_ahead(pass, out_, y_.data(), first + clips, group_)};
    if (in_.size == in_.pitch) return pass.kernels.gemm(product);
    product.rows = in_.size;
    for (int tap = 0; tap < taps_; ++tap) {
      pass.kernels.gemm(product);
      product.a += in_.pitch;
      product.c += static_cast<std::ptrdiff_t>(in_.pitch) * out_axis_.pitch;
      product.ahead = product.also = {};
    }
  }

  /// Inputs of one phase, `stride` steps apart, are reached by the same taps: what they get is a convolution of dy.
  struct Phase {
    int taps;
    std::ptrdiff_t kernel;  ///< place in turned_
  };
  template <class Visit>
  void each_phase(const Visit& visit) const {
    std::ptrdiff_t kernel = 0;
    for (int phase = 0; phase < stride_; ++phase) {
      const int taps = (taps_ - phase + stride_ - 1) / stride_;
      visit(phase, Phase{taps, kernel});
      kernel += static_cast<std::ptrdiff_t>(taps) * out_axis_.pitch * in_.pitch;
    }
  }

  /// Kernels of the phases, their last tap first: [taps][padded outputs][padded inputs].
  void turn(const float* flat) {
    each_phase([&](int phase, const Phase& p) {
      for (int i = 0; i < p.taps; ++i) {
        const int tap = phase + (p.taps - 1 - i) * stride_;
        for (int n = 0; n < out_axis_.size; ++n) {
          std::copy_n(flat + (static_cast<std::ptrdiff_t>(n) * taps_ + tap) * in_.size, in_.size,
                      turned_.data() + p.kernel + (static_cast<std::ptrdiff_t>(i) * out_axis_.pitch + n) * in_.pitch);
        }
      }
    });
  }

  void input_gradient(const Pass<float>& pass, const Stored<float>& in, int clip, int place, float* d_in) {
    each_phase([&](int phase, const Phase& p) {
      // Input t is read through tap phase + m stride by output (t + top - phase) / stride - m.
      const int first = ((phase - top_) % stride_ + stride_) % stride_;
      const std::ptrdiff_t at = clip * in.clip + first * in.time;
      if (p.taps == 0) {
        for (int t = first; !adds_ && t < in.shape.time; t += stride_) {
          std::fill_n(d_in + clip * in.clip + t * in.time, in_.pitch, 0.0F);
        }
        return;
      }
      const int output = (first + top_ - phase) / stride_ - (p.taps - 1);
      pass.kernels.gemm_masked({.rows = first < in.shape.time ? (in.shape.time - 1 - first) / stride_ + 1 : 0,
                                .columns = in_.pitch,
                                .depth = depth_of<float>({p.taps, out_axis_.size, out_axis_.pitch}),
                                .a = dy_of(place) + static_cast<std::ptrdiff_t>(output) * out_axis_.pitch,
                                .a_row = out_axis_.pitch,
                                .a_depth = 1,
                                .b = turned_.data() + p.kernel,
                                .b_row = in_.pitch,
                                .c = d_in + at,
                                .c_row = map_step()},
                               mask_of(in, at, adds_), nullptr);
    });
  }

  LayerParameters slot_;
  int steps_, taps_, stride_, top_;
  int reach_;   // time steps of zeros before dy
  int extent_;  // and all of dy's, zeros included
  int group_;   // clips whose gradients are added up at once
  Axis in_, out_axis_;
  PackedMatrix<float> weight_;
  Epilogue<float> epilogue_;
  Buffer<float> turned_, map_, dy_;
};

}  // namespace

std::unique_ptr<Step<float>> make_time_conv(const Layer& layer, const LayerParameters& slot, const Stored<float>& in,
                                            bool first, Format format) {
  const auto& op = std::get<Conv2d>(layer.op);
  const bool alone = layer.input.freq == 1 && op.kernel.freq == 1 && (op.dilation.time == 1 || op.kernel.time == 1);
  const bool rows = op.kernel.time == 1 && op.stride.time == 1;  // one product over all clips is simpler
  if (!alone || rows || in.pitch % format.lanes != 0) return nullptr;
  return std::make_unique<TimeConv>(layer, op, slot, in, first, format);
}

}  // namespace kws::fused
