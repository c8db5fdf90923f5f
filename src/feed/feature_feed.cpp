#include "kws/feed/feature_feed.h"

#include <algorithm>
#include <cmath>

#include "kws/core/error.h"
#include "kws/core/options.h"
#include "kws/core/parallel.h"
#include "kws/core/rng.h"
#include "kws/datasets/augment.h"

namespace kws {

namespace {

// Streams of one seed, so that order, augmentation and weights never share numbers.
constexpr std::uint64_t kAugmentStream = 2;
constexpr std::uint64_t kMaskStream = 3;
constexpr std::uint64_t kOrderStream = 4;
constexpr std::uint64_t kBlendStream = 5;

constexpr int kMasks = 2;
constexpr std::size_t kBlock = 8;  ///< clips a thread makes at a time: enough to fill the front end's registers
constexpr int kAll = std::numeric_limits<int>::max();

std::uint64_t data_seed(const TrainOptions& options) {
  return options.data_seed == 0 ? options.seed : options.data_seed;
}

/// Puts the examples in random order, in place: an epoch of a large front end takes 100 MB.
void reorder(std::size_t values, Rng& rng, FeatureBatch& batch) {
  const auto row = [&](std::size_t i) { return batch.features.begin() + static_cast<std::ptrdiff_t>(i * values); };
  for (std::size_t i = batch.labels.size(); i > 1; --i) {
    const auto other = static_cast<std::size_t>(rng.below(i));
    if (other == i - 1) continue;
    std::swap_ranges(row(i - 1), row(i), row(other));
    std::swap(batch.labels[i - 1], batch.labels[other]);
  }
}

/// Sets 0 to `longest` frames in a row to the mean. Source: SpecAugment, Park et al. 2019, arXiv:1904.08779.
void mask_stretch(const FrontEnd& front_end, int longest, Rng& rng, std::span<std::int8_t> features) {
  const int frames = std::min(rng.between(0, longest), front_end.frames());
  const int first = rng.between(0, front_end.frames() - frames);
  const auto coefficients = static_cast<std::size_t>(front_end.coefficients());
  const std::span<std::int8_t> stretch =
      features.subspan(static_cast<std::size_t>(first) * coefficients, static_cast<std::size_t>(frames) * coefficients);
  std::fill(stretch.begin(), stretch.end(), std::int8_t{0});
}

/// Adds up `share` of a clip and the rest of the other one, in 256ths.
void blend_into(int share, std::span<const std::int8_t> other, std::span<std::int8_t> features) {
  for (std::size_t i = 0; i < features.size(); ++i) {
    const int sum = (256 - share) * features[i] + share * other[i];
    features[i] = static_cast<std::int8_t>((sum + 128) >> 8);
  }
}

std::vector<std::int16_t> padded(const Dataset& dataset, int clip, std::size_t samples) {
  std::vector<std::int16_t> pcm(samples);
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
    front_end.compute(padded(dataset, examples[at].clip, front_end.clip_samples()),
                      std::span(features).subspan(at * values, values));
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

void require_clip_ms(const Dataset& dataset, const FeatureOptions& options) {
  if (dataset.clip_ms() == options.clip_ms) return;
  throw Error("features.clip_ms: the design hears " + std::to_string(options.clip_ms) +
                  " ms at once, the recordings were read for " + std::to_string(dataset.clip_ms()) +
                  " ms; train and evaluate such a design by itself",
              Exit::usage);
}

FeatureFeed::FeatureFeed(const Dataset& dataset, const FeatureOptions& options, int threads,
                         std::shared_ptr<FeatureEpochs> shared)
    : FeatureFeed(dataset, options, measure(dataset, FrontEnd(options), threads), threads) {
  shared_ = std::move(shared);
}

FeatureFeed::FeatureFeed(const Dataset& dataset, const FeatureOptions& options, Normalisation norm, int threads)
    : source_(new Source{dataset, FrontEnd(options), std::move(norm)}),
      threads_(threads),
      key_(options_to_json(options).dump()) {
  require_clip_ms(dataset, options);
}

std::shared_ptr<BatchJob> FeatureFeed::job(std::vector<Example> examples, FillClip fill) const {
  const auto values = static_cast<std::size_t>(front_end().values());
  const std::size_t clips = examples.size();
  FeatureBatch batch;
  batch.features.resize(clips * values);
  for (const Example& example : examples) batch.labels.push_back(example.label);
  const auto make = [source = source_, examples = std::move(examples), fill = std::move(fill), values](
                        FeatureBatch& to, std::size_t block) {
    thread_local std::vector<std::int16_t> pcm;
    const std::size_t first = block * kBlock;
    const std::size_t count = std::min(kBlock, examples.size() - first);
    const std::size_t samples = source->front_end.clip_samples();
    pcm.resize(count * samples);
    for (std::size_t i = 0; i < count; ++i) {
      fill(first + i, examples[first + i], std::span(pcm).subspan(i * samples, samples));
    }
    source->front_end.quantized(pcm, source->norm, std::span(to.features).subspan(first * values, count * values));
  };
  return std::make_shared<BatchJob>(std::move(batch), (clips + kBlock - 1) / kBlock, make);
}

std::shared_ptr<BatchJob> FeatureFeed::held_out_job(Split split, const Level& level) const {
  const Dataset& data = dataset();
  return job(data.held_out(split), [&data, level](std::size_t, const Example& example, std::span<std::int16_t> pcm) {
    pad_clip(example.clip == kNoClip ? std::span<const std::int16_t>{} : data.clip(example.clip), pcm);
    set_level(level, pcm);
  });
}

std::shared_ptr<BatchJob> FeatureFeed::augmented_job(const TrainOptions& options, int epoch, int most) const {
  const std::uint64_t seed = data_seed(options);
  const Dataset& data = dataset();
  std::vector<Example> examples = data.training_epoch(seed, epoch);
  examples.resize(std::min(examples.size(), static_cast<std::size_t>(most)));
  const AugmentOptions augmentation = options.augment;
  return job(std::move(examples),
             [&data, augmentation, seed, epoch](std::size_t i, const Example& example, std::span<std::int16_t> pcm) {
               Rng rng({seed, kAugmentStream, static_cast<std::uint64_t>(epoch), i});
               const bool silence = example.clip == kNoClip;
               augment(silence ? std::span<const std::int16_t>{} : data.clip(example.clip), data.noises(), augmentation,
                       rng, silence, pcm);
             });
}

FeatureBatch FeatureFeed::made_now(const std::shared_ptr<BatchJob>& job) const {
  parallel_for_each_index(job->blocks(), threads_, [&](std::size_t) { job->make_block(); });
  return job->take();
}

FeatureBatch FeatureFeed::held_out(Split split, const Level& level) const {
  if (shared_ == nullptr || level != Level{}) return made_now(held_out_job(split, level));
  return *shared_->get(key_ + std::string(split_name(split)), [&] { return held_out_job(split, level); });
}

/// All that an augmented epoch depends on.
std::string FeatureFeed::epoch_key(const TrainOptions& options, int epoch) const {
  const Json rest = {data_seed(options), epoch, options_to_json(options.augment)};
  return key_ + rest.dump();
}

FeatureBatch FeatureFeed::training(const TrainOptions& options, int epoch) const {
  const auto make = [&] { return augmented_job(options, epoch, kAll); };
  FeatureBatch batch = shared_ == nullptr ? made_now(make()) : *shared_->get(epoch_key(options, epoch), make);
  arrange(options, epoch, batch);
  blend(options, epoch, batch);
  return batch;
}

FeatureBatch FeatureFeed::training_sample(const TrainOptions& options, int epoch, int most) const {
  FeatureBatch batch = made_now(augmented_job(options, epoch, most));
  arrange(options, epoch, batch);
  return batch;
}

void FeatureFeed::prepare(const TrainOptions& options, int epoch) const {
  if (shared_ == nullptr) return;
  shared_->make_ahead(epoch_key(options, epoch), [&] { return augmented_job(options, epoch, kAll); });
}

/// What a trial has for itself: the order of the clips where they are shared, and the masks.
void FeatureFeed::arrange(const TrainOptions& options, int epoch, FeatureBatch& batch) const {
  const auto number = static_cast<std::uint64_t>(epoch);
  const auto values = static_cast<std::size_t>(front_end().values());
  if (options.data_seed != 0) {
    Rng rng({options.seed, kOrderStream, number});
    reorder(values, rng, batch);
  }
  const int longest = static_cast<int>(options.mask_ms) / front_end().options().stride_ms;
  if (longest == 0) return;
  for (std::size_t i = 0; i < batch.labels.size(); ++i) {
    Rng rng({options.seed, kMaskStream, number, i});
    for (int mask = 0; mask < kMasks; ++mask) {
      mask_stretch(front_end(), longest, rng, std::span(batch.features).subspan(i * values, values));
    }
  }
}

/// Blends some clips with the one after them. Source: mixup, Zhang et al. 2018, arXiv:1710.09412; here the first label
/// always has the larger share.
void FeatureFeed::blend(const TrainOptions& options, int epoch, FeatureBatch& batch) const {
  constexpr int kMostShare = 128;  // of 256
  if (options.mixup <= 0.0 || batch.labels.size() < 2) return;
  const auto values = static_cast<std::size_t>(front_end().values());
  const std::size_t clips = batch.labels.size();
  const std::span features(batch.features);
  const std::vector<std::int8_t> first(features.begin(), features.begin() + static_cast<std::ptrdiff_t>(values));
  batch.second_labels.resize(clips);
  for (std::size_t i = 0; i < clips; ++i) {
    Rng rng({options.seed, kBlendStream, static_cast<std::uint64_t>(epoch), i});
    if (rng.uniform() >= options.mixup) continue;
    const int share = rng.between(0, kMostShare);
    const bool last = i + 1 == clips;
    blend_into(share, last ? std::span(first) : features.subspan((i + 1) * values, values),
               features.subspan(i * values, values));
    batch.second_labels[i] = {.label = batch.labels[last ? 0 : i + 1], .share = share / 256.0};
  }
}

}  // namespace kws
