#include "golden.h"

#include <algorithm>

#include "kws/core/audio.h"
#include "kws/core/table.h"
#include "kws/quant/detector.h"

namespace kws {

namespace {

constexpr int kBehindClip = 24000;      // 1.5 s
constexpr std::size_t kMostGolden = 2;  // more would only cost flash

/// FNV-1a, 32 bit.
class Fnv {
 public:
  void byte(unsigned value) { hash_ = (hash_ ^ (value & 255U)) * 16777619U; }
  void bytes(std::span<const std::int8_t> values) {
    for (const std::int8_t value : values) byte(static_cast<std::uint8_t>(value));
  }
  /// Lower byte first.
  void word(int value) {
    byte(static_cast<unsigned>(value));
    byte(static_cast<unsigned>(value) >> 8U);
  }
  [[nodiscard]] std::uint32_t value() const { return hash_; }

 private:
  std::uint32_t hash_ = 2166136261U;
};

std::uint32_t hash(std::span<const std::int8_t> values) {
  Fnv fnv;
  fnv.bytes(values);
  return fnv.value();
}

template <class Integer>
std::string row(std::span<const Integer> values) {
  return "{\n" + c_values(values) + "},\n";
}

/// Hash of every layer's output.
std::vector<std::string> layer_hashes(const Int8Model& network, const std::vector<std::int8_t>& features) {
  std::vector<std::string> hashes;
  std::vector<std::int8_t> logits(static_cast<std::size_t>(network.classes()));
  run_int8(network, features, logits, [&](std::size_t /*layer*/, std::span<const std::int8_t> output) {
    hashes.push_back(std::to_string(hash(output)) + "U");
  });
  return hashes;
}

}  // namespace

std::vector<std::int16_t> selftest_audio(int samples) {
  std::vector<std::int16_t> pcm;
  std::uint32_t noise = 1, phase = 0, step = 53687091;
  for (int time = 0; time < samples; ++time) {
    const int ramp = static_cast<int>(phase >> 16U) - 32768;
    const int triangle = std::abs(ramp) - 16384;
    noise = noise * 1664525U + 1013904223U;
    phase += step;
    step = (step + 63753U) % (1U << 30U);
    const int hiss = (static_cast<int>(noise >> 16U) - 32768) / 4;
    pcm.push_back(static_cast<std::int16_t>((triangle + hiss) / (1 << (time / 2500 % 6))));
  }
  return pcm;
}

std::uint32_t stream_hash(const std::vector<StreamDecision>& decisions) {
  Fnv fnv;
  for (const StreamDecision& d : decisions) {
    fnv.word(d.label);
    fnv.word(d.score);
    fnv.word(d.detected);
    fnv.bytes(d.logits);
  }
  return fnv.value();
}

std::int64_t stream_state_bytes(const ExportModel& model, const StreamOptions& options, const StreamPlan* flow) {
  const auto words = [](std::int64_t bytes) { return (bytes + 3) / 4 * 4; };
  const FeatureOptions& front_end = model.front_end.options();
  const std::int64_t counters = 11 * 4;
  const std::int64_t detector = 5 * 4 + 2LL * smoothing_decisions(options, front_end) * model.network.classes();
  const std::int64_t samples = 2LL * front_end.window_ms * kSamplesPerMs;
  const std::int64_t rows = model.front_end.frames() + options.hop_frames - 1;
  std::int64_t features = flow != nullptr ? flow->state_bytes : rows * model.front_end.coefficients();
  if (flow != nullptr && flow->carried) features += model.network.classes();  // logits of the newest decision
  return words(words(counters + words(detector) + samples) + features);
}

Tokens golden_tokens(const ExportModel& model, const StreamOptions& options) {
  std::vector<Golden> golden = model.golden.empty() ? synthetic_golden(model.network, kMostGolden) : model.golden;
  golden.resize(std::min(golden.size(), kMostGolden));
  std::string features, layers, logits;
  for (const Golden& one : golden) {
    features += row<std::int8_t>(one.features);
    layers += "{\n" + c_values(layer_hashes(model.network, one.features)) + "},\n";
    logits += row<std::int8_t>(one.logits);
  }
  const int samples = static_cast<int>(model.front_end.clip_samples()) + kBehindClip;
  const std::vector<std::int16_t> audio = selftest_audio(samples);
  std::vector<std::int8_t> clip(static_cast<std::size_t>(model.front_end.values()));
  model.front_end.quantized(std::span(audio).first(model.front_end.clip_samples()), model.normalisation, clip);
  StreamOptions windows = options;
  windows.continuous = false;
  const std::vector<StreamDecision> decisions = stream_reference(model, windows, audio);
  const auto text = [](std::uint32_t value) { return std::to_string(value); };
  return {{"GOLDEN_COUNT", std::to_string(golden.size())},
          {"GOLDEN_FEATURES", features},
          {"GOLDEN_LAYERS", layers},
          {"GOLDEN_LOGITS", logits},
          {"FEATURES_HASH", text(hash(clip))},
          {"STREAM_SAMPLES", std::to_string(samples)},
          {"STREAM_MS", std::to_string(samples / kSamplesPerMs)},
          {"STREAM_DECISIONS", std::to_string(decisions.size())},
          {"STREAM_HASH", text(stream_hash(decisions))},
          {"CARRIED_HASH", options.continuous ? text(stream_hash(stream_reference(model, options, audio))) : "0"}};
}

namespace {

std::string listed_thresholds(const StreamOptions& options, std::size_t classes) {
  std::string text;
  for (std::size_t i = 0; i < classes; ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(options.threshold_of(static_cast<int>(i))) + "U";
  }
  return text;
}

/// "72.00 %", or of each keyword.
std::string threshold_text(const std::vector<std::string>& labels, const StreamOptions& options) {
  if (options.thresholds.empty()) return percent(threshold_of_q15(options.threshold));
  std::string text;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (!is_keyword(labels[i])) continue;
    text += (text.empty() ? "" : ", ") + labels[i] + " " + percent(threshold_of_q15(options.thresholds[i]));
  }
  return text;
}

std::string repeated(const std::string& item, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ", ") + item;
  return text;
}

}  // namespace

Tokens detector_tokens(const ExportModel& model, const StreamOptions& options) {
  const std::vector<std::uint16_t> table = exp_table(model.network.layers.back().output.scale);
  return {{"HOP_FRAMES", std::to_string(options.hop_frames)},
          {"HOP_MS", std::to_string(options.hop_frames * model.front_end.options().stride_ms)},
          {"SMOOTHING_MS", std::to_string(options.smoothing_ms)},
          {"THRESHOLD_TEXT", threshold_text(model.info.labels, options)},
          {"THRESHOLDS", listed_thresholds(options, model.info.labels.size())},
          {"SAME_THRESHOLDS", repeated("KWS_THRESHOLD", model.info.labels.size())},
          {"MINIMUM", std::to_string(model.detector.minimum)},
          {"RELEASE", std::to_string(options.release)},
          {"RELEASE_TEXT", options.release > 0 ? "\nnor before it has fallen below `KWS_RELEASE` (" +
                                                     percent(threshold_of_q15(options.release)) +
                                                     ") or another label has risen above it"
                                               : ""},
          {"REFRACTORY_MS", std::to_string(options.refractory_ms)},
          {"EXP_COUNT", std::to_string(table.size())},
          {"EXP_TABLE", c_values(std::span<const std::uint16_t>(table))}};
}

}  // namespace kws
