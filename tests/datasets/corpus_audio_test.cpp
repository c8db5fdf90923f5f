#include "kws/datasets/corpus_audio.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>

#include "../../datasets/sample_cache.h"
#include "audio_fixture.h"

namespace kws::test {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CorpusAudioTest : public AudioFolder {
 protected:
  void SetUp() override {
    AudioFolder::SetUp();
    add("data/no/a.wav", {1, 2, 3});
    add("data/yes/a.wav", {4, 5});
    add("data/_background_noise_/hum.wav", std::vector<std::int16_t>(20000, 7));
  }
  CorpusAudio read() const { return {scan_corpus(root_ / "data"), {.threads = 2, .cache_folder = root_ / "cache"}}; }
  fs::path cache_file() const {
    std::vector<fs::path> files(fs::directory_iterator(root_ / "cache"), {});
    EXPECT_EQ(files.size(), 1U);
    return files.front();
  }
  static std::vector<std::int16_t> copy(std::span<const std::int16_t> samples) {
    return {samples.begin(), samples.end()};
  }
  void expect_samples(const CorpusAudio& audio) const {
    ASSERT_EQ(audio.size(), 3U);
    EXPECT_THAT(copy(audio.samples(0)), ElementsAre(1, 2, 3));
    EXPECT_THAT(copy(audio.samples(1)), ElementsAre(4, 5));
    EXPECT_EQ(audio.samples(2).size(), 20000U);  // noises keep their length
    EXPECT_EQ(audio.facts(1).high, 5);
    EXPECT_EQ(audio.warning(), "");
  }
};

TEST_F(CorpusAudioTest, SecondReadComesFromTheCache) {
  const CorpusAudio first = read();
  EXPECT_EQ(first.decoded(), 3U);
  expect_samples(first);
  const CorpusAudio second = read();
  EXPECT_EQ(second.decoded(), 0U);
  expect_samples(second);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(first.digest(i), second.digest(i));
}

TEST_F(CorpusAudioTest, SeesAFileThatWasReplacedByOneOfItsLengthAndTime) {
  read();
  const fs::path file = root_ / "data/yes/a.wav";
  const auto time = fs::last_write_time(file);
  add("data/yes/a.wav", {6, 7});
  fs::last_write_time(file, time);
  const CorpusAudio audio = read();
  EXPECT_EQ(audio.decoded(), 1U);
  EXPECT_THAT(copy(audio.samples(1)), ElementsAre(6, 7));
  EXPECT_EQ(read().decoded(), 0U);
}

TEST_F(CorpusAudioTest, ReadsOnlyWhatIsNew) {
  read();
  add("data/yes/b.wav", {8});
  fs::remove(root_ / "data/no/a.wav");
  add("data/no/c.wav", {9});
  const CorpusAudio audio = read();
  EXPECT_EQ(audio.decoded(), 2U);
  EXPECT_THAT(copy(audio.samples(0)), ElementsAre(9));
  EXPECT_THAT(copy(audio.samples(1)), ElementsAre(4, 5));
}

TEST_F(CorpusAudioTest, BrokenFilesAreNotKept) {
  text("data/yes/a.wav", "noise");
  EXPECT_EQ(read().decoded(), 2U);
  const CorpusAudio audio = read();
  EXPECT_EQ(audio.decoded(), 0U);
  EXPECT_THAT(audio.fault(1), HasSubstr("cannot be decoded"));
  EXPECT_EQ(audio.samples(1).size(), 0U);
}

TEST_F(CorpusAudioTest, DamagedAndForeignCachesAreMadeAnew) {
  read();
  const fs::path file = cache_file();
  std::ifstream in(file, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  std::vector<std::string> damaged = {"", "kwsmith", whole.substr(0, 100), whole.substr(0, whole.size() - 1),
                                      whole + "x"};
  for (std::size_t at = 0; at < whole.size(); at += at < 1000 ? 7 : 997) {
    damaged.push_back(whole);
    damaged.back()[at] = static_cast<char>(damaged.back()[at] ^ 0x41);
  }
  for (const std::string& content : damaged) {
    std::ofstream(file, std::ios::binary) << content;
    expect_samples(read());
    EXPECT_EQ(read().decoded(), 0U);
  }
}

TEST_F(CorpusAudioTest, TheStretchIsPartOfTheKey) {
  std::vector<std::int16_t> samples(20000, 1);
  samples.back() = 9;
  add("data/yes/a.wav", samples);
  EXPECT_EQ(read().samples(1).back(), 9);
  const CorpusAudio first(scan_corpus(root_ / "data"), {.cache_folder = root_ / "cache", .stretch = Stretch::first});
  EXPECT_EQ(first.samples(1).back(), 1);
  EXPECT_EQ(first.facts(1).samples, 20000);
}

TEST_F(CorpusAudioTest, KnowsWhatTheFilesWere) {
  add("data/no/a.wav", {5, 5, -7, -7, 32767, 32767}, 16000, 2);
  const std::vector<float> wild = {0.5F, 1.5F, -3000.0F, NAN, INFINITY, 0.0F};
  SF_INFO info{};
  info.samplerate = 16000;
  info.channels = 1;
  info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
  SNDFILE* sound = sf_open((root_ / "data/yes/a.wav").c_str(), SFM_WRITE, &info);
  sf_write_float(sound, wild.data(), 6);
  sf_close(sound);
  for (int time = 0; time < 2; ++time) {  // decoded, then from the cache
    const CorpusAudio audio = read();
    EXPECT_EQ(audio.facts(0).channels, 2);
    EXPECT_EQ(audio.facts(0).rate_hz, 16000);
    EXPECT_EQ(audio.facts(0).samples, 3);
    EXPECT_EQ(audio.facts(0).low, -7);
    EXPECT_EQ(audio.facts(0).high, 32767);
    EXPECT_EQ(audio.facts(0).clipped, 1);
    EXPECT_EQ(audio.facts(1).beyond, 2);
    EXPECT_EQ(audio.facts(1).not_finite, 2);
    EXPECT_THAT(copy(audio.samples(1)), ElementsAre(16384, 32767, -32768, 0, 0, 0));
  }
}

TEST_F(CorpusAudioTest, AFolderThatCannotBeUsedIsAWarning) {
  text("cache", "a file");
  const CorpusAudio audio = read();
  EXPECT_THAT(audio.warning(), HasSubstr("cannot be kept there"));
  EXPECT_THAT(copy(audio.samples(1)), ElementsAre(4, 5));
}

TEST_F(CorpusAudioTest, CachesOfFoldersThatAreGoneAreRemoved) {
  read();
  fs::rename(root_ / "data", root_ / "other");
  const CorpusAudio other(scan_corpus(root_ / "other"), {.cache_folder = root_ / "cache"});
  EXPECT_EQ(other.decoded(), 3U);
  cache_file();  // there is one
}

TEST_F(CorpusAudioTest, ACacheThatIsNotFinishedLeavesNothing) {
  const std::vector<std::int16_t> samples(1000, 7);
  {
    SampleCacheWriter writer(root_ / "cache/one.samples", root_.string());
    EXPECT_FALSE(writer.begun());
    EXPECT_EQ(writer.add(samples), 0U);
    EXPECT_EQ(writer.add(samples), 1000U);
    EXPECT_NE(cache_file().extension(), ".samples");
  }
  EXPECT_TRUE(fs::is_empty(root_ / "cache"));
  { const SampleCacheWriter unused(root_ / "cache/one.samples", root_.string()); }
  EXPECT_TRUE(fs::is_empty(root_ / "cache"));
}

TEST_F(CorpusAudioTest, WhatAKilledProcessHasLeftOfACacheIsRemoved) {
  const pid_t child = fork();
  if (child == 0) {
    SampleCacheWriter writer(root_ / "cache/one.samples", root_.string());
    writer.add(std::vector<std::int16_t>(1000, 7));
    kill(getpid(), SIGKILL);
  }
  waitpid(child, nullptr, 0);
  EXPECT_NE(cache_file().extension(), ".samples");
  SampleCacheWriter writer(root_ / "cache/one.samples", root_.string());
  writer.add(std::vector<std::int16_t>(10, 7));
  EXPECT_EQ(writer.finish({}, {}), "");
  EXPECT_EQ(cache_file().filename(), "one.samples");
}

TEST_F(CorpusAudioTest, AFullDiskLeavesNothingOfACache) {
  fs::create_directories(root_ / "cache");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit little = before;
  little.rlim_cur = 20000;  // bytes: the samples are 40,010
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &little), 0);
  const CorpusAudio audio = read();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(audio.warning(), HasSubstr("cannot be kept there (File too large)"));
  EXPECT_THAT(copy(audio.samples(1)), ElementsAre(4, 5));
  EXPECT_TRUE(fs::is_empty(root_ / "cache"));
}

TEST(CacheFolder, FollowsTheEnvironment) {
  const char* before = std::getenv("XDG_CACHE_HOME");
  const std::string kept = before != nullptr ? before : "";
  setenv("XDG_CACHE_HOME", "/somewhere", 1);
  EXPECT_EQ(default_cache_folder(), "/somewhere/kwsmith");
  setenv("XDG_CACHE_HOME", "relative", 1);  // the specification says: ignore it
  EXPECT_THAT(default_cache_folder().string(), HasSubstr(".cache/kwsmith"));
  before != nullptr ? setenv("XDG_CACHE_HOME", kept.c_str(), 1) : unsetenv("XDG_CACHE_HOME");
}

}  // namespace
}  // namespace kws::test
