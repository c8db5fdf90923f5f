#include "kws/feed/feature_epochs.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

namespace kws {
namespace {

constexpr std::size_t kBlocks = 50;

/// A batch of 50 bytes, every one of them `value`, that counts the blocks made.
std::shared_ptr<BatchJob> job_of(std::int8_t value, std::atomic<int>& made) {
  FeatureBatch batch;
  batch.features.resize(kBlocks);
  return std::make_shared<BatchJob>(std::move(batch), kBlocks, [value, &made](FeatureBatch& to, std::size_t block) {
    to.features[block] = value;
    ++made;
  });
}

/// Asks for the batch called by its value.
std::shared_ptr<const FeatureBatch> ask(FeatureEpochs& epochs, int value, std::atomic<int>& made) {
  return epochs.get(std::to_string(value), [&] { return job_of(static_cast<std::int8_t>(value), made); });
}

TEST(FeatureEpochs, MakesEveryBlockOnceHoweverManyAskAtOnce) {
  std::atomic<int> made = 0;
  FeatureEpochs epochs(1 << 20, 1);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 20; ++i) {
        const int value = (i + thread) % 20;  // each begins elsewhere
        epochs.make_ahead(std::to_string((value + 1) % 20),
                          [&] { return job_of(static_cast<std::int8_t>((value + 1) % 20), made); });
        const auto batch = ask(epochs, value, made);
        if (batch->features != std::vector<std::int8_t>(kBlocks, static_cast<std::int8_t>(value))) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(epochs.made(), 20);
  EXPECT_EQ(made, 20 * static_cast<int>(kBlocks));
}

TEST(FeatureEpochs, DropsWhatWasUsedLongestAgo) {
  std::atomic<int> made = 0;
  FeatureEpochs epochs(2 * kBlocks, 0);
  const auto first = ask(epochs, 1, made);
  ask(epochs, 2, made);
  ask(epochs, 1, made);  // 2 is the older one now
  ask(epochs, 3, made);
  EXPECT_EQ(epochs.made(), 3);
  EXPECT_EQ(epochs.bytes(), 2 * kBlocks);
  ask(epochs, 1, made);
  EXPECT_EQ(epochs.made(), 3);
  ask(epochs, 2, made);
  EXPECT_EQ(epochs.made(), 4);
}

TEST(FeatureEpochs, KeepsTheNewestWhateverItsSizeAndWhatIsInUse) {
  std::atomic<int> made = 0;
  FeatureEpochs epochs(1, 0);
  const auto first = ask(epochs, 1, made);
  EXPECT_EQ(epochs.bytes(), kBlocks);
  ask(epochs, 2, made);
  EXPECT_EQ(epochs.bytes(), kBlocks);
  EXPECT_EQ(first->features, std::vector<std::int8_t>(kBlocks, 1));
}

TEST(FeatureEpochs, MakesAheadInTheBackground) {
  std::atomic<int> made = 0;
  FeatureEpochs epochs(1 << 20, 1);
  epochs.make_ahead("7", [&] { return job_of(7, made); });
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (made < static_cast<int>(kBlocks) && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  EXPECT_EQ(made, static_cast<int>(kBlocks));
  EXPECT_EQ(ask(epochs, 7, made)->features, std::vector<std::int8_t>(kBlocks, 7));
  EXPECT_EQ(epochs.made(), 1);
}

TEST(FeatureEpochs, WhatWasDroppedBeforeItsTurnIsMadeByNobody) {
  std::atomic<int> made = 0, unused = 0;
  std::atomic<bool> go = false;
  FeatureEpochs epochs(kBlocks, 1);
  epochs.make_ahead("slow", [&] {
    FeatureBatch batch;
    batch.features.resize(kBlocks);
    return std::make_shared<BatchJob>(std::move(batch), 1, [&](FeatureBatch&, std::size_t) {
      while (!go) std::this_thread::yield();
    });
  });
  epochs.make_ahead("1", [&] { return job_of(1, unused); });
  epochs.make_ahead("2", [&] { return job_of(2, made); });  // there is room for one
  go = true;
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (made < static_cast<int>(kBlocks) && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  EXPECT_EQ(made, static_cast<int>(kBlocks));
  EXPECT_EQ(unused, 0);
}

TEST(FeatureEpochs, WithoutBackgroundThreadsNothingIsMadeAhead) {
  std::atomic<int> made = 0;
  FeatureEpochs epochs(1 << 20, 0);
  epochs.make_ahead("7", [&] { return job_of(7, made); });
  EXPECT_EQ(epochs.made(), 0);
}

TEST(FeatureEpochs, AnErrorReachesWhoAsksAndTheNextTriesAgain) {
  std::atomic<int> made = 0;
  FeatureEpochs epochs(1 << 20, 0);
  const auto broken = [] {
    return std::make_shared<BatchJob>(FeatureBatch{}, 3, [](FeatureBatch&, std::size_t block) {
      if (block == 1) throw std::runtime_error("no memory");
    });
  };
  EXPECT_THROW(epochs.get("1", broken), std::runtime_error);
  EXPECT_THROW(epochs.get("1", broken), std::runtime_error);
  EXPECT_EQ(ask(epochs, 1, made)->features.size(), kBlocks);
  EXPECT_EQ(epochs.made(), 3);
  EXPECT_EQ(epochs.bytes(), kBlocks);
}

}  // namespace
}  // namespace kws
