#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "audio_fixture.h"
#include "kws/datasets/corpus.h"

namespace kws::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// yes and no with 12 training, 6 validation and 4 testing clips in all, and as many clips of two other words.
class DatasetTest : public AudioFolder {
 protected:
  void SetUp() override {
    AudioFolder::SetUp();
    std::int16_t value = 1;
    for (const std::string word : {"yes", "no", "cat", "dog"}) {
      for (int i = 0; i < 11; ++i) {
        const std::string name = word + "/p" + std::to_string(i) + ".wav";
        add(name, {value++, 2, 3});
        if (i >= 9) testing_ += name + "\n";
        if (i >= 6 && i < 9) validation_ += name + "\n";
      }
    }
    text("testing_list.txt", testing_);
    text("validation_list.txt", validation_);
  }
  Dataset load(const DatasetOptions& options = {}, int threads = 2) const {
    return {scan_corpus(root_), {{"yes", "no"}}, options, threads};
  }
  std::string testing_, validation_;
};

std::map<int, int> label_counts(const std::vector<Example>& examples) {
  std::map<int, int> counts;
  for (const Example& e : examples) ++counts[e.label];
  return counts;
}

std::vector<std::pair<int, int>> plain(const std::vector<Example>& examples) {
  std::vector<std::pair<int, int>> pairs;
  for (const Example& e : examples) pairs.emplace_back(e.clip, e.label);
  return pairs;
}

TEST_F(DatasetTest, HeldOutSetsHaveRoundedUpShares) {
  const Dataset data = load();
  const std::map<int, int> expected_validation = {{kSilence, 1}, {kUnknown, 1}, {2, 3}, {3, 3}};
  EXPECT_EQ(label_counts(data.held_out(Split::validation)), expected_validation);  // ceil(10 % of 6) = 1
  const std::map<int, int> halves = {{kSilence, 2}, {kUnknown, 2}, {2, 2}, {3, 2}};
  const Dataset half = load({.silence_percent = 50.0, .unknown_percent = 50.0});
  EXPECT_EQ(label_counts(half.held_out(Split::testing)), halves);
}

TEST_F(DatasetTest, UnknownShareIsLimitedByWhatThereIs) {
  const Dataset data = load({.silence_percent = 0.0, .unknown_percent = 100.0});
  EXPECT_EQ(label_counts(data.held_out(Split::testing))[kUnknown], 4);
  EXPECT_EQ(label_counts(data.training_epoch(1, 0))[kUnknown], 12);
}

TEST_F(DatasetTest, SilenceHasNoClipAndOthersTheirOwn) {
  const Corpus corpus = scan_corpus(root_);
  const Dataset data = load();
  for (const Example& e : data.held_out(Split::testing)) {
    if (e.label == kSilence) {
      EXPECT_EQ(e.clip, kNoClip);
      continue;
    }
    const Clip& clip = corpus.clips[static_cast<std::size_t>(e.clip)];
    EXPECT_EQ(clip.split, Split::testing);
    EXPECT_EQ(e.label, clip.word == "yes" ? 2 : clip.word == "no" ? 3 : kUnknown);
  }
}

TEST_F(DatasetTest, EpochsAreRedrawnAndRepeatable) {
  const Dataset data = load({.silence_percent = 10.0, .unknown_percent = 25.0});
  const std::vector<Example> first = data.training_epoch(7, 0);
  EXPECT_EQ(plain(first), plain(data.training_epoch(7, 0)));
  EXPECT_NE(plain(first), plain(data.training_epoch(7, 1)));
  EXPECT_NE(plain(first), plain(data.training_epoch(8, 0)));
  const std::map<int, int> expected = {{kSilence, 2}, {kUnknown, 3}, {2, 6}, {3, 6}};
  std::set<int> unknown;
  for (int epoch = 0; epoch < 40; ++epoch) {
    const std::vector<Example> examples = data.training_epoch(7, epoch);
    EXPECT_EQ(label_counts(examples), expected);
    for (const Example& e : examples) {
      if (e.label == kUnknown) unknown.insert(e.clip);
    }
  }
  EXPECT_EQ(unknown.size(), 12U);  // every unknown training clip gets its turn
}

TEST_F(DatasetTest, ThreadsChangeNothing) {
  const Dataset one = load({}, 1);
  const Dataset two = load({}, 2);
  EXPECT_EQ(one.fingerprint(), two.fingerprint());
  for (int i = 0; i < 44; ++i) EXPECT_TRUE(std::ranges::equal(one.clip(i), two.clip(i)));
  EXPECT_EQ(plain(one.held_out(Split::validation)), plain(two.held_out(Split::validation)));
}

TEST_F(DatasetTest, FingerprintSeesSamplesAndSplits) {
  const std::string before = load().fingerprint();
  add("yes/p0.wav", {99, 2, 3});
  const std::string other_sample = load().fingerprint();
  EXPECT_NE(before, other_sample);
  text("testing_list.txt", testing_ + "yes/p0.wav\n");
  EXPECT_NE(load().fingerprint(), other_sample);
}

TEST_F(DatasetTest, TakesTheLoudestSecondOfALongerClip) {
  std::vector<std::int16_t> samples(20000, 5);
  samples[2000] = 30000;  // a click
  std::fill(samples.begin() + 3000, samples.begin() + 19000, 100);
  add("cat/a.wav", samples);
  const Dataset data = load();
  ASSERT_EQ(data.clip(0).size(), 16000U);
  EXPECT_EQ(data.clip(0).front(), 100);
  EXPECT_EQ(data.clip(0).back(), 100);
  EXPECT_EQ(data.clip(1).size(), 3U);
  EXPECT_THAT(data.remarks(), ElementsAre(HasSubstr("1 clip longer than a second")));

  const Dataset first(scan_corpus(root_), {{"yes", "no"}}, {}, ReadOptions{.stretch = Stretch::first});
  EXPECT_EQ(first.clip(0).front(), 5);
  EXPECT_NE(first.fingerprint(), data.fingerprint());
}

TEST_F(DatasetTest, TellsHowManyRecordingsWereConverted) {
  add("yes/p0.wav", std::vector<std::int16_t>(800), 8000);
  add("no/p0.wav", std::vector<std::int16_t>(4410), 44100, 2);
  add("_background_noise_/hum.wav", {1, 2, 3, 4}, 16000, 2);
  EXPECT_THAT(load().remarks(), ElementsAre("2 recordings resampled to 16,000 Hz from 8,000 Hz and 44,100 Hz",
                                            "2 recordings of several channels mixed to one"));
}

TEST_F(DatasetTest, NamesTheFirstBrokenFileInPathOrder) {
  text("no/p5.wav", "noise");
  text("yes/p1.wav", "noise");
  const std::string line = error_line([&] { load(); });
  EXPECT_THAT(line, AllOf(HasSubstr("no/p5.wav: cannot be decoded: "), HasSubstr("; `kwsmith data check ")));
}

TEST_F(DatasetTest, RefusesKeywordsWithoutTrainingClips) {
  const Corpus corpus = scan_corpus(root_);
  EXPECT_THAT(error_line([&] {
                Dataset(corpus, {{"yes", "stop"}}, {}, 1);
              }),
              HasSubstr("stop: no training clips of the keyword \"stop\"; "));
  EXPECT_THAT(error_line([&] { Dataset(corpus, {{"yes", "yes"}}, {}, 1); }, Exit::usage), HasSubstr("given twice"));
}

TEST_F(DatasetTest, RefusesEmptyHeldOutSplits) {
  text("testing_list.txt", "");
  EXPECT_THAT(error_line([&] { load(); }), HasSubstr("no testing clips of any keyword; "));
}

TEST_F(DatasetTest, CheckListsEveryProblem) {
  text("no/p5.wav", "");
  text("yes/p1.wav", "noise");
  text("_background_noise_/wide.wav", "noise");
  std::filesystem::create_directory(root_ / "stop");
  const LabelSet labels{{"yes", "no", "stop"}};
  const CorpusReport report = check_corpus(root_, labels, {.threads = 2});
  ASSERT_EQ(report.problems.size(), 4U);
  EXPECT_EQ(report.problems[0].path, "no/p5.wav");
  EXPECT_EQ(report.problems[0].fact, "empty file");
  EXPECT_THAT(report.problems[1].fact, HasSubstr("cannot be decoded"));
  EXPECT_EQ(report.problems[2].path, "_background_noise_/wide.wav");
  EXPECT_EQ(report.problems[3].path, "stop");
  EXPECT_EQ(report.problems[3].fact, "keyword without recordings");

  const nlohmann::ordered_json json = report_to_json(report, labels);
  EXPECT_EQ(json["schema"], "kwsmith.data/1");
  EXPECT_EQ(json["clips"], 44);
  EXPECT_EQ(json["speakers"], 11);
  EXPECT_EQ(json["splits"]["validation"]["labels"]["_unknown_"], 6);
  EXPECT_EQ(json["splits"]["training"]["labels"]["yes"], 6);
  EXPECT_EQ(json["problems"].size(), 4U);
}

TEST(SpeechCommands, HasTheCountsOfItsReadme) {
  const char* given = std::getenv("KWS_SPEECH_COMMANDS");
  const std::filesystem::path root = given != nullptr ? given : KWS_SOURCE_DIR "/../shared/speech_commands";
  if (!std::filesystem::is_directory(root)) GTEST_SKIP() << root << " is absent; set KWS_SPEECH_COMMANDS";
  const Corpus corpus = scan_corpus(root);
  EXPECT_EQ(corpus.clips.size(), 10038U);
  EXPECT_EQ(corpus.words.size(), 35U);
  EXPECT_EQ(corpus.noises.size(), 6U);
  std::map<Split, int> counts;
  std::map<std::string, std::set<Split>> splits_of_speaker;
  for (const Clip& clip : corpus.clips) {
    ++counts[clip.split];
    splits_of_speaker[clip.speaker].insert(clip.split);
  }
  EXPECT_EQ(counts[Split::training], 7598);
  EXPECT_EQ(counts[Split::validation], 1144);
  EXPECT_EQ(counts[Split::testing], 1296);
  EXPECT_TRUE(std::ranges::all_of(splits_of_speaker, [](const auto& entry) { return entry.second.size() == 1; }));

  const Dataset data(corpus, default_labels(), {}, 2);
  EXPECT_EQ(data.held_out(Split::validation).size(), 908U + 91U + 91U);
  EXPECT_EQ(data.held_out(Split::testing).size(), 1170U + 117U + 117U);
  // "off" has 108 of about 640 training clips and comes five times: 4 * 108 more, and a tenth for each other class.
  EXPECT_EQ(data.training_epoch(1, 0).size(), 6289U + 629U + 629U);
  EXPECT_EQ(data.noises().size(), 6U);
}

}  // namespace
}  // namespace kws::test
