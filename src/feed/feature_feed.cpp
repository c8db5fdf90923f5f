#include "kws/feed/feature_feed.h"

#include <algorithm>
#include <cmath>

#include "kws/core/parallel.h"
#include "kws/core/rng.h"
#include "kws/datasets/augment.h"

namespace kws {

namespace {

// Streams of one seed, so that order, augmentation and weights never share numbers.
constexpr std::uint64_t kAugmentStream = 2;
constexpr std::uint64_t kMaskStream = 3;

constexpr int kMasks = 2;

/// Sets 0 to `longest` frames in a row to the mean. Source: SpecAugment, Park et al. 2019, arXiv:1904.08779.
void mask_stretch(const FrontEnd& front_end, int longest, Rng& rng, std::span<std::int8_t> features) {
  const int frames = std::min(rng.between(0, longest), front_end.frames());
  const int first = rng.between(0, front_end.frames() - frames);
  const std::span<std::int8_t> stretch = features.subspan(static_cast<std::size_t>(first * front_end.coefficients()),
                                                          static_cast<std::size_t>(frames * front_end.coefficients()));
  std::fill(stretch.begin(), stretch.end(), std::int8_t{0});
}

std::vector<std::int16_t> padded(const Dataset& dataset, int clip) {
  std::vector<std::int16_t> pcm(kClipSamples);
  pad_clip(clip == kNoClip ? std::span<const std::int16_t>{} : dataset.clip(clip), pcm);
  return pcm;
}

/// Mean and deviation per coefficient over unaugmented training recordings, frame by frame.
Normalisation measure(const Dataset& dataset, const FrontEnd& front_end, int threads) {
  constexpr int kClips = 2000;  // 100,000 frames: the statistics' own error is far below one int8 step
  std::vector<Example> examples = dataset.training_epoch(0, 0);
  std::erase_if(examples, [](const Example& example) { return example.clip == kNoClip; });
  if (static_cast<int>(examples.size()) > kClips) examples.resize(kClips);

  const auto values = static_cast<std::size_t>(front_end.values());
  const auto coefficients = static_cast<std::size_t>(front_end.coefficients());
  std::vector<float> features(examples.size() * values);
  parallel_for_each_index(examples.size(), threads, [&](std::size_t at) {
    front_end.compute(padded(dataset, examples[at].clip), std::span(features).subspan(at * values, values));
  });

  std::vector<double> sum(coefficients), squares(coefficients);
  for (std::size_t i = 0; i < features.size(); ++i) {
    sum[i % coefficients] += features[i];
    squares[i % coefficients] += static_cast<double>(features[i]) * features[i];
  }
  Normalisation norm;
  const double frames = static_cast<double>(features.size()) / static_cast<double>(coefficients);
  for (std::size_t i = 0; i < coefficients; ++i) {
    const double mean = sum[i] / frames;
    norm.mean.push_back(static_cast<float>(mean));
    norm.deviation.push_back(static_cast<float>(std::sqrt(std::max(1e-6, squares[i] / frames - mean * mean))));
  }
  return norm;
}

}  // namespace

FeatureFeed::FeatureFeed(const Dataset& dataset, const FeatureOptions& options, int threads)
    : dataset_(dataset), front_end_(options), norm_(measure(dataset, front_end_, threads)), threads_(threads) {}

FeatureFeed::FeatureFeed(const Dataset& dataset, const FeatureOptions& options, Normalisation norm, int threads)
    : dataset_(dataset), front_end_(options), norm_(std::move(norm)), threads_(threads) {}

template <class Fill>
FeatureBatch FeatureFeed::collect(const std::vector<Example>& examples, const Fill& fill) const {
  FeatureBatch batch;
  const auto values = static_cast<std::size_t>(front_end_.values());
  batch.features.resize(examples.size() * values);
  for (const Example& example : examples) batch.labels.push_back(example.label);
  parallel_for_each_index(examples.size(), threads_, [&](std::size_t at) {
    std::vector<std::int16_t> pcm(kClipSamples);
    fill(at, examples[at], std::span(pcm));
    front_end_.quantized(pcm, norm_, std::span(batch.features).subspan(at * values, values));
  });
  return batch;
}

FeatureBatch FeatureFeed::held_out(Split split) const {
  return collect(dataset_.held_out(split), [&](std::size_t, const Example& example, std::span<std::int16_t> pcm) {
    pad_clip(example.clip == kNoClip ? std::span<const std::int16_t>{} : dataset_.clip(example.clip), pcm);
  });
}

FeatureBatch FeatureFeed::training(const TrainOptions& options, int epoch) const {
  const AugmentOptions augmentation{options.shift_ms, options.noise_share, options.noise_volume, options.speed_percent};
  const std::vector<Example> examples = dataset_.training_epoch(options.seed, epoch);
  FeatureBatch batch = collect(examples, [&](std::size_t i, const Example& example, std::span<std::int16_t> pcm) {
    Rng rng({options.seed, kAugmentStream, static_cast<std::uint64_t>(epoch), i});
    const bool silence = example.clip == kNoClip;
    augment(silence ? std::span<const std::int16_t>{} : dataset_.clip(example.clip), dataset_.noises(), augmentation,
            rng, silence, pcm);
  });
  const int longest = static_cast<int>(options.mask_ms) / front_end_.options().stride_ms;
  if (longest == 0) return batch;
  const auto values = static_cast<std::size_t>(front_end_.values());
  for (std::size_t i = 0; i < examples.size(); ++i) {
    Rng rng({options.seed, kMaskStream, static_cast<std::uint64_t>(epoch), i});
    for (int mask = 0; mask < kMasks; ++mask) {
      mask_stretch(front_end_, longest, rng, std::span(batch.features).subspan(i * values, values));
    }
  }
  return batch;
}

}  // namespace kws
