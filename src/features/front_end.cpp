#include "kws/features/front_end.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "integer_tables.h"
#include "kws/core/error.h"
#include "kws_frontend.h"
#include "kws_frontend_integer.h"
#include "lanes.h"

namespace kws {

namespace {

constexpr double kPi = std::numbers::pi;

/// The set whose lanes are the fastest on this CPU. An FFT of 512 points in sixteen lanes takes 32 KB: with a first
/// cache of no more than that (Zen 4), which samples share, eight were 15 % faster at 1,024 points.
Isa lanes_isa() {
  constexpr long kRoomForSixteen = 48L << 10;
  if (supported(Isa::avx512) && sysconf(_SC_LEVEL1_DCACHE_SIZE) >= kRoomForSixteen) return Isa::avx512;
  return supported(Isa::avx2) ? Isa::avx2 : Isa::portable;
}

const std::vector<FrontEndKind>& kinds() {
  static const std::vector<FrontEndKind> table = {{.name = "mfcc", .cosine = true},
                                                  {.name = "log_mel", .cosine = false}};
  return table;
}

double mel_of(double hz) { return 1127.0 * std::log1p(hz / 700.0); }

void make_window(FrontEnd::Tables& t) {
  for (int i = 0; i <= t.window / 2; ++i) {
    // The scale of 16-bit samples to -1..1 is a power of two, so it may ride on the window without rounding.
    t.hann.push_back(static_cast<float>((0.5 - 0.5 * std::cos(2.0 * kPi * i / t.window)) / 32768.0));
  }
  for (int k = 0; k <= t.fft / 4; ++k) t.sine.push_back(static_cast<float>(std::sin(2.0 * kPi * k / t.fft)));
}

/// Triangles linear in mel, peak 1: each bin shares its magnitude between the two bands around it.
void make_mel_bank(FrontEnd::Tables& t, const FeatureOptions& o) {
  const double bin_hz = static_cast<double>(kRateHz) / t.fft;
  const double low = mel_of(o.low_hz);
  const auto [first, last] = filter_bins(o);
  const double spacing = (mel_of(o.high_hz) - low) / (t.mel_bins + 1);
  t.first_bin = first;
  t.last_bin = last;
  t.mel_run.assign(static_cast<std::size_t>(t.mel_bins) + 1, 0);
  int band = 0;
  for (int bin = t.first_bin; bin <= t.last_bin; ++bin) {
    const double mel = mel_of(bin * bin_hz);
    while (band < t.mel_bins && low + spacing * (band + 1) < mel) ++band;
    ++t.mel_run[static_cast<std::size_t>(band)];
    t.mel_weight.push_back(static_cast<float>((low + spacing * (band + 1) - mel) / spacing));
  }
}

/// DCT-II, first row included and not divided by sqrt(2).
void make_dct(FrontEnd::Tables& t) {
  for (int i = 0; i < t.coefficients; ++i) {
    for (int j = 0; j < (t.mel_bins + 1) / 2; ++j) {
      t.dct.push_back(static_cast<float>(std::sqrt(2.0 / t.mel_bins) * std::cos(kPi / t.mel_bins * (j + 0.5) * i)));
    }
  }
}

FrontEnd::Tables make_tables(const FeatureOptions& o) {
  FrontEnd::Tables t;
  t.window = o.window_ms * kRateHz / 1000;
  t.stride = o.stride_ms * kRateHz / 1000;
  t.fft = fft_points(o);
  t.mel_bins = o.mel_bins;
  t.coefficients = cosine_rows(o);
  t.frames = frame_count(o);
  make_window(t);
  make_mel_bank(t, o);
  make_dct(t);
  return t;
}

kws_frontend view_of(const FrontEnd::Tables& t) {
  kws_frontend fe{};
  fe.window = t.window;
  fe.stride = t.stride;
  fe.fft = t.fft;
  fe.mel_bins = t.mel_bins;
  fe.coefficients = t.coefficients;
  fe.first_bin = t.first_bin;
  fe.last_bin = t.last_bin;
  fe.hann = t.hann.data();
  fe.sine = t.sine.data();
  fe.mel_weight = t.mel_weight.data();
  fe.mel_run = t.mel_run.data();
  fe.dct = t.dct.data();
  return fe;
}

kws_frontend_integer view_of(const FrontEnd::Tables& t, const FrontEnd::IntegerTables& integers) {
  kws_frontend_integer fe{};
  fe.window = t.window;
  fe.fft = t.fft;
  fe.mel_bins = t.mel_bins;
  fe.coefficients = t.coefficients;
  fe.first_bin = t.first_bin;
  fe.last_bin = t.last_bin;
  fe.hann = integers.hann.data();
  fe.sine = integers.sine.data();
  fe.mel_weight = integers.mel_weight.data();
  fe.mel_run = t.mel_run.data();
  fe.dct = integers.dct.data();
  return fe;
}

}  // namespace

const std::vector<std::string>& front_end_kinds() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const FrontEndKind& kind : kinds()) list.push_back(kind.name);
    return list;
  }();
  return names;
}

const FrontEndKind& front_end_kind(std::string_view name) {
  const auto found = std::ranges::find(kinds(), name, &FrontEndKind::name);
  if (found == kinds().end()) throw Error("features.kind: no kind \"" + std::string(name) + "\"");
  return *found;
}

int cosine_rows(const FeatureOptions& options) {
  return front_end_kind(options.kind).cosine ? options.coefficients : 0;
}

int fft_points(const FeatureOptions& options) {
  return std::max(16, static_cast<int>(std::bit_ceil(static_cast<unsigned>(options.window_ms * kSamplesPerMs))));
}

BinRange filter_bins(const FeatureOptions& options) {
  const int fft = fft_points(options);
  const double bin_hz = static_cast<double>(kRateHz) / fft;
  return {.first = static_cast<int>(1.5 + options.low_hz / bin_hz),
          .last = std::min(static_cast<int>(options.high_hz / bin_hz), fft / 2 - 1)};
}

int frame_count(const FeatureOptions& options) { return 1 + (options.clip_ms - options.window_ms) / options.stride_ms; }

struct FrontEnd::Impl {
  FeatureOptions options;
  Tables tables;
  kws_frontend fe{};
  IntegerTables integer_tables;
  kws_frontend_integer integer_fe{};
};

FrontEnd::FrontEnd(const FeatureOptions& options) : impl_(std::make_unique<Impl>()) {
  if (options.mel_bins < 1 || options.mel_bins > KWS_FRONTEND_MAX_MEL || options.coefficients > KWS_FRONTEND_MAX_MEL ||
      options.window_ms < 10 || options.window_ms > 64 || options.stride_ms < 1 || 2 * options.high_hz > kRateHz ||
      options.low_hz >= options.high_hz || filter_bins(options).last < filter_bins(options).first ||
      options.clip_ms < kShortestClipMs || options.clip_ms > kLongestClipMs) {
    throw Error("features: the front end does not compute this combination; see the ranges in kwsmith search --help",
                Exit::usage);
  }
  impl_->options = options;
  impl_->tables = make_tables(options);
  impl_->fe = view_of(impl_->tables);
  if (!integer()) return;
  impl_->integer_tables = integer_tables_of(impl_->tables);
  impl_->integer_fe = view_of(impl_->tables, impl_->integer_tables);
}
FrontEnd::~FrontEnd() = default;
FrontEnd::FrontEnd(FrontEnd&&) noexcept = default;
FrontEnd& FrontEnd::operator=(FrontEnd&&) noexcept = default;

const FeatureOptions& FrontEnd::options() const { return impl_->options; }
int FrontEnd::frames() const { return impl_->tables.frames; }
int FrontEnd::coefficients() const {
  return impl_->tables.coefficients == 0 ? impl_->tables.mel_bins : impl_->tables.coefficients;
}
const FrontEnd::Tables& FrontEnd::tables() const { return impl_->tables; }
const FrontEnd::IntegerTables& FrontEnd::integer_tables() const { return impl_->integer_tables; }

/// Calls take(number, first sample) for each frame of the clips that lie one after the other in pcm.
template <class Take>
void FrontEnd::for_frames(std::span<const std::int16_t> pcm, const Take& take) const {
  std::ptrdiff_t number = 0;
  for (std::size_t clip = 0; clip + clip_samples() <= pcm.size(); clip += clip_samples()) {
    for (int i = 0; i < frames(); ++i) take(number++, pcm.data() + clip + i * impl_->tables.stride);
  }
}

void FrontEnd::compute(std::span<const std::int16_t> pcm, std::span<float> out) const {
  static const Isa best = lanes_isa();
  compute(pcm, out, best);
}

void FrontEnd::compute(std::span<const std::int16_t> pcm, std::span<float> out, Isa isa) const {
  if (integer()) {
    std::vector<std::int32_t> work(static_cast<std::size_t>(impl_->integer_fe.fft));
    for_frames(pcm, [&](std::ptrdiff_t frame, const std::int16_t* samples) {
      const std::int32_t* values = kws_frontend_integer_frame(&impl_->integer_fe, samples, work.data());
      float* row = out.data() + frame * coefficients();
      for (int i = 0; i < coefficients(); ++i) row[i] = static_cast<float>(values[i]) / KWS_FRONTEND_INTEGER_ONE;
    });
    return;
  }
  if (isa == Isa::portable) {
    std::vector<float> work(static_cast<std::size_t>(impl_->fe.fft));
    for_frames(pcm, [&](std::ptrdiff_t frame, const std::int16_t* samples) {
      const float* values = kws_frontend_frame(&impl_->fe, samples, work.data());
      std::copy_n(values, coefficients(), out.data() + frame * coefficients());
    });
    return;
  }
  // Frames of several clips share a register, so that only the last one of all has idle lanes.
  thread_local std::vector<const std::int16_t*> starts;
  starts.clear();
  for_frames(pcm, [&](std::ptrdiff_t, const std::int16_t* frame) { starts.push_back(frame); });
  (isa >= Isa::avx512 ? frames_avx512 : frames_avx2)(impl_->fe, starts, out.data());
}

std::vector<float> FrontEnd::inverse_deviation(const Normalisation& norm) {
  std::vector<float> steps;
  for (const float deviation : norm.deviation) steps.push_back(1.0F / (std::max(deviation, 1e-3F) * kFeatureScale));
  return steps;
}

void FrontEnd::quantized(std::span<const std::int16_t> pcm, const Normalisation& norm,
                         std::span<std::int8_t> out) const {
  if (integer()) {
    const IntegerSteps steps = integer_steps(norm);
    kws_frontend_integer fe = impl_->integer_fe;
    fe.mean = steps.mean.data();
    fe.multiplier = steps.multiplier.data();
    fe.shift = steps.shift.data();
    std::vector<std::int32_t> work(static_cast<std::size_t>(fe.fft));
    for_frames(pcm, [&](std::ptrdiff_t frame, const std::int16_t* samples) {
      const std::int32_t* values = kws_frontend_integer_frame(&fe, samples, work.data());
      kws_frontend_integer_quantize(&fe, values, out.data() + frame * coefficients());
    });
    return;
  }
  thread_local std::vector<float> values;
  values.resize(out.size());
  compute(pcm, values);
  const std::vector<float> steps = inverse_deviation(norm);
  kws_frontend fe = impl_->fe;
  fe.mean = norm.mean.data();
  fe.inverse_deviation = steps.data();
  if (supported(Isa::avx2)) {
    quantize_avx2(fe, coefficients(), values, out.data());
    return;
  }
  for (std::ptrdiff_t first = 0; first < std::ssize(out); first += coefficients()) {
    kws_frontend_quantize(&fe, values.data() + first, out.data() + first);
  }
}

}  // namespace kws
