#include "stream_reference.h"

#include <algorithm>
#include <cmath>

#include "kws/core/error.h"

namespace kws {

namespace {

constexpr int kSamplesPerMs = kRateHz / 1000;
constexpr int kDefaultHopMs = 100;
constexpr int kLongestHopMs = 1000;
constexpr double kOne = 32768.0;  // Q15

/// int8 features of every frame inside pcm: [frames][coefficients].
std::vector<std::int8_t> all_frames(const ExportModel& model, std::span<const std::int16_t> pcm) {
  const FeatureOptions& options = model.front_end.options();
  const auto window = static_cast<std::size_t>(options.window_ms) * kSamplesPerMs;
  const auto stride = static_cast<std::size_t>(options.stride_ms) * kSamplesPerMs;
  const std::size_t count = pcm.size() < window ? 0 : 1 + (pcm.size() - window) / stride;
  const auto frames_per_clip = static_cast<std::size_t>(model.front_end.frames());
  std::vector<std::int8_t> rows, clip_rows(static_cast<std::size_t>(model.front_end.values()));
  // Clip after clip, so placed that the frames of one follow those of the other.
  for (std::size_t frame = 0; frame < count; frame += frames_per_clip) {
    const auto rest = pcm.subspan(frame * stride);
    std::vector<std::int16_t> clip(kClipSamples);
    std::copy_n(rest.begin(), std::min(rest.size(), clip.size()), clip.begin());
    model.front_end.quantized(clip, model.normalisation, clip_rows);
    rows.insert(rows.end(), clip_rows.begin(), clip_rows.end());
  }
  rows.resize(count * static_cast<std::size_t>(model.front_end.coefficients()));
  return rows;
}

/// The network with another number of time steps.
Int8Model with_frames(const Int8Model& network, int frames) {
  Graph graph({.time = frames, .freq = network.input.freq, .channels = network.input.channels});
  for (const Int8Layer& layer : network.layers) graph.add(layer.layer.name, layer.layer.op);
  Int8Model result = network;
  result.input = graph.input();
  for (std::size_t i = 0; i < result.layers.size(); ++i) result.layers[i].layer = graph.layers()[i];
  return result;
}

std::vector<std::int8_t> logits_at(const ExportModel& model, const StreamOptions& options,
                                   std::span<const std::int8_t> rows, int frame) {
  const auto step = static_cast<std::size_t>(model.front_end.coefficients());
  const int used = options.continuous ? frame : model.front_end.frames();
  std::vector<std::int8_t> logits(static_cast<std::size_t>(model.network.classes()));
  const auto features =
      rows.subspan(static_cast<std::size_t>(frame - used) * step, static_cast<std::size_t>(used) * step);
  run_int8(options.continuous ? with_frames(model.network, used) : model.network, features, logits);
  return logits;
}

/// Decisions with logits become decisions with labels, scores and detections.
void detect(std::vector<StreamDecision>& decisions, const ExportModel& model, const StreamOptions& options) {
  const std::int64_t stride = model.front_end.options().stride_ms;
  const auto smoothing = static_cast<std::size_t>(smoothing_decisions(options, model.front_end.options()));
  const std::vector<std::uint16_t> table = exp_table(model.network.layers.back().output.scale);
  std::vector<std::vector<std::int64_t>> history;
  int last_detection = -1;  // frame
  for (StreamDecision& d : decisions) {
    history.push_back(posteriors(d.logits, table));
    const std::size_t count = std::min(smoothing, history.size());
    std::int64_t best = -1;
    for (std::size_t label = 0; label < d.logits.size(); ++label) {
      std::int64_t sum = 0;
      for (std::size_t i = 0; i < count; ++i) sum += history[history.size() - 1 - i][label];
      const std::int64_t mean = sum / static_cast<std::int64_t>(count);
      if (mean <= best) continue;
      best = mean;
      d.label = static_cast<int>(label);
    }
    d.score = static_cast<int>(best);
    const bool rested = last_detection < 0 || (d.frame - last_detection) * stride >= options.refractory_ms;
    if (best >= options.threshold && !model.info.labels.at(static_cast<std::size_t>(d.label)).starts_with('_') &&
        rested) {
      d.detected = d.label;
      last_detection = d.frame;
    }
  }
}

}  // namespace

StreamOptions stream_options(const FrontEnd& front_end, const DetectorOptions& detector, int hop_ms) {
  const int stride_ms = front_end.options().stride_ms;
  if (hop_ms != 0 && (hop_ms < stride_ms || hop_ms > kLongestHopMs || hop_ms % stride_ms != 0)) {
    throw Error("--hop-ms " + std::to_string(hop_ms) + ": use a multiple of the frame stride, " +
                    std::to_string(stride_ms) + " ms, up to " + std::to_string(kLongestHopMs),
                Exit::usage);
  }
  return {.hop_frames = std::max(1, (hop_ms == 0 ? kDefaultHopMs : hop_ms) / stride_ms),
          .smoothing_ms = detector.smoothing_ms,
          .threshold = static_cast<int>(std::lround(detector.threshold * kOne)),
          .refractory_ms = detector.refractory_ms};
}

int smoothing_decisions(const StreamOptions& options, const FeatureOptions& features) {
  const int hop_ms = options.hop_frames * features.stride_ms;
  return std::max(1, (options.smoothing_ms + hop_ms / 2) / hop_ms);
}

std::vector<StreamDecision> stream_reference(const ExportModel& model, const StreamOptions& options,
                                             std::span<const std::int16_t> pcm) {
  const std::vector<std::int8_t> rows = all_frames(model, pcm);
  const int frames = static_cast<int>(rows.size()) / model.front_end.coefficients();
  std::vector<StreamDecision> decisions;
  for (int frame = model.front_end.frames(); frame <= frames; frame += options.hop_frames) {
    decisions.push_back({.frame = frame, .logits = logits_at(model, options, rows, frame)});
  }
  detect(decisions, model, options);
  return decisions;
}

bool is_recurrent(const Int8Model& network) {
  const Op& first = network.layers.front().layer.op;
  return std::holds_alternative<Gru>(first) || std::holds_alternative<Lstm>(first);
}

}  // namespace kws
