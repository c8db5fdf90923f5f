#include "stream_reference.h"

#include <algorithm>

#include "kws/core/audio.h"
namespace kws {

namespace {

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
    std::vector<std::int16_t> clip(model.front_end.clip_samples());
    std::copy_n(rest.begin(), std::min(rest.size(), clip.size()), clip.begin());
    model.front_end.quantized(clip, model.normalisation, clip_rows);
    rows.insert(rows.end(), clip_rows.begin(), clip_rows.end());
  }
  rows.resize(count * static_cast<std::size_t>(model.front_end.coefficients()));
  return rows;
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
  const FeatureOptions& features = model.front_end.options();
  PosteriorSmoother smoother(model.network.layers.back().output.scale, smoothing_decisions(options, features));
  DetectionGate gate(model.info.labels, options, features.stride_ms);
  for (StreamDecision& d : decisions) {
    const SmoothedDecision smoothed = smoother.push(d.logits, d.frame);
    d.label = smoothed.label;
    d.score = smoothed.score;
    if (gate.detects(smoothed)) d.detected = d.label;
  }
}

}  // namespace

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

}  // namespace kws
