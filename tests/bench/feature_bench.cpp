#include <benchmark/benchmark.h>
#include <sndfile.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "kws/core/rng.h"
#include "kws/datasets/augment.h"
#include "kws/feed/feature_feed.h"

// The promise: at least 15,000 clips/s on two cores from a recording to int8 features, with speed, shift and noise, at
// 40 ms windows, 20 ms strides and 10 MFCC. Random audio: neither augmentation nor front end looks at what is said.
namespace kws {
namespace {

namespace fs = std::filesystem;
using Samples = std::vector<std::int16_t>;

Samples random_audio(std::uint64_t seed, std::size_t samples) {
  Rng rng({seed});
  Samples audio(samples);
  for (auto& sample : audio) sample = static_cast<std::int16_t>(rng.between(-8000, 8000));
  return audio;
}

void write(const fs::path& file, const Samples& audio) {
  fs::create_directories(file.parent_path());
  SF_INFO info{};
  info.samplerate = kRateHz;
  info.channels = 1;
  info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  SNDFILE* sound = sf_open(file.c_str(), SFM_WRITE, &info);
  sf_write_short(sound, audio.data(), static_cast<sf_count_t>(audio.size()));
  sf_close(sound);
}

/// 1,000 recordings of a second, 32 MB: more than the caches hold, as with a real corpus.
Dataset random_dataset() {
  const fs::path root = fs::temp_directory_path() / ("kws_bench_" + std::to_string(getpid()));
  for (std::uint64_t i = 0; i < 1000; ++i) {
    write(root / (i % 2 == 0 ? "yes" : "other") / ("s" + std::to_string(i) + ".wav"), random_audio(i, kClipSamples));
  }
  for (std::uint64_t i = 0; i < 6; ++i) {
    write(root / "_background_noise_" / ("n" + std::to_string(i) + ".wav"), random_audio(1000 + i, 60 * kRateHz));
  }
  Dataset dataset(scan_corpus(root), {{"yes"}}, {}, 0);
  fs::remove_all(root);
  return dataset;
}

const Dataset& shared_dataset() {
  static const Dataset dataset = random_dataset();
  return dataset;
}

void augmentation(benchmark::State& state) {
  const Dataset& data = shared_dataset();
  const TrainOptions defaults;
  const AugmentOptions options = defaults.augment;
  Samples pcm(kClipSamples);
  std::uint64_t i = 0;
  for (auto _ : state) {
    Rng rng({i});
    augment(data.clip(static_cast<int>(i % 1000)), data.noises(), options, rng, false, pcm);
    benchmark::DoNotOptimize(pcm.data());
    ++i;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(augmentation);

/// Eight clips at a time, as the feed asks for them.
void quantized_features(benchmark::State& state) {
  constexpr std::size_t kClips = 8;
  const FrontEnd front_end(FeatureOptions{});
  const Samples pcm = random_audio(1, kClips * kClipSamples);
  Normalisation norm;
  norm.mean.assign(static_cast<std::size_t>(front_end.coefficients()), 0.0F);
  norm.deviation.assign(static_cast<std::size_t>(front_end.coefficients()), 1.0F);
  std::vector<std::int8_t> features(kClips * static_cast<std::size_t>(front_end.values()));
  for (auto _ : state) {
    front_end.quantized(pcm, norm, features);
    benchmark::DoNotOptimize(features.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kClips));
}
BENCHMARK(quantized_features);

/// Whole epochs as training asks for them; the argument is the number of threads.
void training_epoch(benchmark::State& state) {
  const FeatureFeed feed(shared_dataset(), FeatureOptions{}, static_cast<int>(state.range(0)));
  int epoch = 0;
  std::int64_t clips = 0;
  for (auto _ : state) clips += feed.training(TrainOptions{}, epoch++).examples();
  state.SetItemsProcessed(clips);
}
BENCHMARK(training_epoch)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

/// An epoch that another trial has had: copied, put in this trial's order, masked.
void shared_epoch(benchmark::State& state) {
  const FeatureFeed feed(shared_dataset(), FeatureOptions{}, 1, std::make_shared<FeatureEpochs>(1U << 30, 0));
  TrainOptions options;
  options.data_seed = 1;
  std::int64_t clips = 0;
  for (auto _ : state) {
    ++options.seed;
    clips += feed.training(options, 0).examples();
  }
  state.SetItemsProcessed(clips);
}
BENCHMARK(shared_epoch)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kws
