#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kws/core/audio.h"
#include "kws/core/isa.h"

namespace kws {

/// A kind of front end: its row in the table of src/features/front_end.cpp.
struct FrontEndKind {
  std::string name;
  bool cosine = true;  ///< ends with a cosine transform, of which the first coefficients are kept; else with mel bins
};
/// The names of the kinds, in the order of the table.
const std::vector<std::string>& front_end_kinds();
/// The row of that name, which there must be.
const FrontEndKind& front_end_kind(std::string_view name);

/// Front-end part of a design. Source of the defaults: facts of the paper's 21 networks.
struct FeatureOptions {
  std::string kind = front_end_kinds().front();
  int coefficients = 10;  ///< of the cosine transform, kept per frame; without one equal to mel_bins
  int window_ms = 40;
  int stride_ms = 20;
  int mel_bins = 40;
  int low_hz = 20;
  int high_hz = 4000;
  std::string arithmetic = "float";  ///< "float" or "integer", of the front end on the device
  int clip_ms = kClipMs;             ///< length of audio that one decision hears
  friend bool operator==(const FeatureOptions&, const FeatureOptions&) = default;
};

/// Each field once: JSON reader, help and search space visit this list.
template <class Field>
void describe(Field& field, FeatureOptions& o) {
  field.choice("kind", o.kind, front_end_kinds(), "cepstral coefficients or log-mel energies");
  field.optional("coefficients", o.coefficients, 1, 64,
                 "MFCC kept per frame; log_mel: equal to mel_bins, may be left out");
  field("window_ms", o.window_ms, 10, 64, "frame length in milliseconds");
  field("stride_ms", o.stride_ms, 5, 100, "frame stride in milliseconds");
  field("mel_bins", o.mel_bins, 8, 64, "triangular mel filters");
  field("low_hz", o.low_hz, 0, 2000, "lower edge of the first filter");
  field("high_hz", o.high_hz, 1000, 8000, "upper edge of the last filter");
  field.optional("arithmetic", o.arithmetic, {"float", "integer"},
                 "of the front end; integer: for cores without a floating-point unit; may be left out");
  field.later("clip_ms", o.clip_ms, kClipMs, kShortestClipMs, kLongestClipMs,
              "length in milliseconds of what one decision hears; may be left out");
}

/// Rows of the cosine transform; 0 for kinds without.
int cosine_rows(const FeatureOptions& options);

/// Points of the Fourier transform: the power of two that holds a window.
int fft_points(const FeatureOptions& options);
/// Its bins that the filters weigh, first and last; none lies between their edges: last < first.
struct BinRange {
  int first = 0, last = 0;
};
BinRange filter_bins(const FeatureOptions& options);

/// Frames of a clip: 1 + (clip - window) / stride, rounded down.
int frame_count(const FeatureOptions& options);

/// Per-coefficient mean and standard deviation of the training split, part of the model: the front end's last step maps
/// (value - mean) / deviation to int8 at the fixed scale kFeatureScale, zero point 0, so that float, int8 and C engines
/// read the same bytes.
struct Normalisation {
  std::vector<float> mean;       ///< [coefficients]
  std::vector<float> deviation;  ///< [coefficients], > 0
};
/// One int8 step in standard deviations: the range covers +-5.3.
constexpr float kFeatureScale = 1.0F / 24.0F;

/// MFCC or log-mel of clips through the C99 code of export/runtime, the same that firmware compiles, in the arithmetic
/// that the options name. Frames in floats may run side by side in SIMD lanes; every bit equals the scalar code.
/// Source: TensorFlow's audio_spectrogram and mfcc operations. Thread-safe once made.
class FrontEnd {
 public:
  /// throws Error when an option is out of range, an edge lies above half the sample rate or no bin between the edges.
  explicit FrontEnd(const FeatureOptions& options);
  ~FrontEnd();
  FrontEnd(FrontEnd&&) noexcept;
  FrontEnd& operator=(FrontEnd&&) noexcept;

  [[nodiscard]] const FeatureOptions& options() const;
  [[nodiscard]] std::size_t clip_samples() const { return static_cast<std::size_t>(options().clip_ms) * kSamplesPerMs; }
  [[nodiscard]] int frames() const;        ///< time steps of one clip
  [[nodiscard]] int coefficients() const;  ///< values of one frame
  [[nodiscard]] int values() const { return frames() * coefficients(); }

  /// Float features of whole clips; several at once are faster than one by one, and the same.
  ///   pcm [clips][clip_samples()];  out [clips][frames][coefficients]; integer arithmetic: its Q10 values as floats
  void compute(std::span<const std::int16_t> pcm, std::span<float> out) const;
  /// The same by the lanes of one instruction set that this CPU has, or by the scalar code (Isa::portable), as the
  /// device runs it; the oracle of the others.
  void compute(std::span<const std::int16_t> pcm, std::span<float> out, Isa isa) const;
  /// int8 features of whole clips. pcm [clips][clip_samples()]; out [clips][frames][coefficients]; norm has
  /// coefficients() entries.
  void quantized(std::span<const std::int16_t> pcm, const Normalisation& norm, std::span<std::int8_t> out) const;
  /// 1 / (deviation * kFeatureScale): int8 steps per unit, as the C structure holds it. Deviations below 1e-3 count as
  /// 1e-3.
  static std::vector<float> inverse_deviation(const Normalisation& norm);

  /// The constant tables behind the C structure of export/runtime/kws_frontend.h, which explains each.
  struct Tables {
    int window = 0;  ///< samples
    int stride = 0;  ///< samples
    int fft = 0;     ///< points
    int mel_bins = 0;
    int coefficients = 0;  ///< DCT rows; 0 for log_mel
    int frames = 0;
    int first_bin = 0;
    int last_bin = 0;
    std::vector<float> hann, sine, mel_weight, dct;
    std::vector<std::uint8_t> mel_run;
  };
  [[nodiscard]] const Tables& tables() const;
  /// The same for export/runtime/kws_frontend_integer.h; Tables holds the plain numbers and mel_run.
  struct IntegerTables {
    std::vector<std::uint16_t> hann, mel_weight;
    std::vector<std::int16_t> sine, dct;
  };
  /// Empty when the arithmetic is float.
  [[nodiscard]] const IntegerTables& integer_tables() const;
  [[nodiscard]] bool integer() const { return options().arithmetic == "integer"; }
  /// A Normalisation as the integer front end holds it.
  struct IntegerSteps {
    std::vector<std::int32_t> mean;
    std::vector<std::uint16_t> multiplier;
    std::vector<std::uint8_t> shift;
  };
  static IntegerSteps integer_steps(const Normalisation& norm);

 private:
  template <class Take>
  void for_frames(std::span<const std::int16_t> pcm, const Take& take) const;

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kws
