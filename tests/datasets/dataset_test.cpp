#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "audio_fixture.h"
#include "kws/datasets/corpus.h"
#include "repository.h"

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
  EXPECT_THAT(data.remarks(), ::testing::Contains(HasSubstr("1 clip longer than 1 s")));

  const Dataset first(scan_corpus(root_), {{"yes", "no"}}, {}, ReadOptions{.stretch = Stretch::first});
  EXPECT_EQ(first.clip(0).front(), 5);
  EXPECT_NE(first.fingerprint(), data.fingerprint());
}

TEST_F(DatasetTest, KeepsAsMuchOfAClipAsTheDesignHears) {
  std::vector<std::int16_t> samples(30000, 5);
  std::fill(samples.begin() + 5000, samples.begin() + 29000, 100);
  add("cat/a.wav", samples);
  const auto read = [&](int clip_ms) {
    return Dataset(scan_corpus(root_), {{"yes", "no"}}, {}, ReadOptions{.clip_ms = clip_ms});
  };
  const Dataset cut = read(1500);
  EXPECT_EQ(cut.clip_ms(), 1500);
  EXPECT_TRUE(std::ranges::equal(cut.clip(0), std::vector<std::int16_t>(24000, 100)));
  EXPECT_THAT(cut.remarks(), ::testing::Contains(HasSubstr("1 clip longer than 1.5 s: the loudest 1.5 s")));
  const Dataset whole = read(3000);
  EXPECT_TRUE(std::ranges::equal(whole.clip(0), samples));
  EXPECT_THAT(whole.remarks(), ::testing::Not(::testing::Contains(HasSubstr("longer than"))));
}

TEST_F(DatasetTest, TellsHowManyRecordingsWereConverted) {
  add("yes/p0.wav", std::vector<std::int16_t>(800), 8000);
  add("no/p0.wav", std::vector<std::int16_t>(4410), 44100, 2);
  add("_background_noise_/hum.wav", {1, 2, 3, 4}, 16000, 2);
  EXPECT_THAT(load().remarks(),
              ::testing::IsSupersetOf({HasSubstr("2 recordings resampled to 16,000 Hz from 8,000 Hz and 44,100 Hz"),
                                       HasSubstr("2 recordings of several channels mixed to one")}));
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
              HasSubstr("stop: keyword without recordings; "));
  EXPECT_THAT(error_line([&] { Dataset(corpus, {{"yes", "yes"}}, {}, 1); }, Exit::usage), HasSubstr("given twice"));
}

TEST_F(DatasetTest, OfAWholeCorpusHasTestingClipsAlone) {
  text("testing_list.txt", "");
  const Dataset data(scan_whole_corpus(root_), {{"yes", "stop"}}, {}, 1);
  const std::map<int, int> expected = {{kSilence, 2}, {kUnknown, 2}, {2, 11}};
  EXPECT_EQ(label_counts(data.held_out(Split::testing)), expected);
  EXPECT_TRUE(data.held_out(Split::validation).empty());
  EXPECT_THAT(data.remarks(), ::testing::Contains("stop: no recordings: not measured"));
  EXPECT_THAT(error_line([&] { Dataset(scan_whole_corpus(root_), {{"stop"}}, {}, 1); }),
              HasSubstr("no clips of any keyword; its folders are to have their names, \"stop\" for instance"));
}

TEST_F(DatasetTest, RefusesEmptyHeldOutSplits) {
  text("testing_list.txt", "");
  EXPECT_THAT(error_line([&] { load(); }), HasSubstr("no testing clips of any keyword; "));
}

std::vector<std::string> told(const std::vector<Problem>& found) {
  std::vector<std::string> lines;
  for (const Problem& one : found) lines.push_back(one.path + ": " + one.fact);
  return lines;
}

/// A second of something, different for each seed.
std::vector<std::int16_t> noise(int seed, int length = 16000) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::vector<std::int16_t> samples(static_cast<std::size_t>(length));
  for (std::int16_t& value : samples) value = static_cast<std::int16_t>(static_cast<int>(random() % 20001) - 10000);
  return samples;
}

/// Sound corpus of 20 speakers and three words.
class CheckTest : public AudioFolder {
 protected:
  void SetUp() override {
    AudioFolder::SetUp();
    int seed = 0;
    for (int i = 0; i < 20; ++i) {
      for (const char* word : {"yes", "no", "cat"}) add(path(word, i), noise(++seed, 4000));
    }
    add("_background_noise_/hum.wav", noise(1000));
  }
  static std::string path(const std::string& word, int speaker) {
    return word + "/s" + std::to_string(speaker) + "_nohash_0.wav";
  }
  CorpusReport check(const LabelSet& labels = {{"yes", "no"}}) const { return check_corpus(root_, labels, {}); }
};

TEST_F(CheckTest, FindsNothingInASoundCorpus) {
  const CorpusReport report = check();
  EXPECT_THAT(told(report.corpus.problems), ElementsAre());
  EXPECT_THAT(told(report.corpus.remarks), ElementsAre());
  const nlohmann::ordered_json json = report_to_json(report, {{"yes", "no"}});
  EXPECT_EQ(json["schema"], "kwsmith.data/1");
  EXPECT_EQ(json["clips"], 60);
  EXPECT_EQ(json["speakers"], 20);
  EXPECT_EQ(json["splits"]["training"]["labels"]["yes"], json["words"][2]["training"]);
  EXPECT_EQ(json["problems"].size(), 0U);
}

TEST_F(CheckTest, LooksAtSamples) {
  add(path("yes", 0), std::vector<std::int16_t>(16000));
  add(path("yes", 1), std::vector<std::int16_t>(16000, 300));
  std::vector<std::int16_t> faint(16000);
  faint[5] = -1;
  add(path("yes", 2), faint);
  std::vector<std::int16_t> square(16000);
  for (std::size_t i = 0; i < square.size(); ++i) square[i] = i % 20 < 10 ? INT16_MAX : INT16_MIN;
  add(path("yes", 3), square);
  add(path("yes", 4), noise(77, 1500));
  text(path("yes", 5), "this is no sound");
  EXPECT_THAT(told(check().corpus.problems),
              ::testing::UnorderedElementsAre(
                  HasSubstr("s0_nohash_0.wav: all samples are 0: a dead microphone"),
                  HasSubstr("s1_nohash_0.wav: all samples are 300: "),
                  HasSubstr("s2_nohash_0.wav: samples from -1 to 0 of 16 bit: silent"),
                  HasSubstr("s3_nohash_0.wav: 100 % of the samples are clipped"),
                  HasSubstr("s4_nohash_0.wav: 1,500 samples, less than 0.1 s"),
                  HasSubstr("s5_nohash_0.wav: cannot be decoded: Format not recognised; replace it, ")));
}

TEST_F(CheckTest, FindsFloatsOfAWrongScale) {
  SF_INFO info{};
  info.samplerate = 16000;
  info.channels = 1;
  info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
  const auto write = [&](const std::string& name, float scale, bool with_nan) {
    std::vector<float> samples;
    for (const std::int16_t value : noise(5)) samples.push_back(static_cast<float>(value) * scale);
    if (with_nan) samples[7] = NAN;
    SNDFILE* sound = sf_open((root_ / name).c_str(), SFM_WRITE, &info);
    sf_write_float(sound, samples.data(), 16000);
    sf_close(sound);
  };
  write(path("yes", 0), 1.0F, false);
  write(path("yes", 1), 1.0F / 32768, true);
  write(path("yes", 2), 1.0F / 32768, false);
  std::filesystem::create_directory(root_ / "_silence_");
  write("_background_noise_/dead.wav", 0.0F, false);  // silence may be digital, but nothing else
  write("_background_noise_/wrong.wav", 1.0F, false);
  write("_silence_/nan.wav", 1.0F / 32768, true);
  EXPECT_THAT(told(check().corpus.problems),
              ::testing::UnorderedElementsAre(HasSubstr("s0_nohash_0.wav: floats beyond -1..1: wrong scale"),
                                              HasSubstr("s1_nohash_0.wav: holds 1 sample that is no number"),
                                              HasSubstr("wrong.wav: floats beyond -1..1: wrong scale"),
                                              HasSubstr("nan.wav: holds 1 sample that is no number")));
}

TEST_F(CheckTest, FindsCopiesAcrossWordsAndSplits) {
  std::filesystem::copy_file(root_ / path("cat", 0), root_ / "no/s0_nohash_1.wav");
  text("testing_list.txt", path("yes", 1) + "\n" + path("no", 1) + "\n" + path("yes", 9) + "\n");
  text("validation_list.txt", path("yes", 2) + "\n" + path("no", 2) + "\n");
  std::filesystem::copy_file(root_ / path("yes", 1), root_ / "yes/s1_nohash_1.wav");
  std::filesystem::copy_file(root_ / path("yes", 3), root_ / "yes/s3_nohash_1.wav");
  const CorpusReport report = check();
  EXPECT_THAT(told(report.corpus.problems),
              ElementsAre(HasSubstr("1 clip with the samples of another word's clip"),
                          HasSubstr("1 clip with the samples of a clip of another split")));
  EXPECT_THAT(told(report.corpus.remarks), ElementsAre(HasSubstr("the lists put 3 speakers of 20 into several splits"),
                                                       HasSubstr("1 clip with the samples of another clip")));
}

TEST_F(CheckTest, NamesMissingKeywordsAndWhatMayBeMeant) {
  EXPECT_THAT(told(check({{"Yes", "no", "sesame"}}).corpus.problems),
              ElementsAre(HasSubstr("Yes: keyword without recordings; did you mean \"yes\"?"),
                          HasSubstr("sesame: keyword without recordings; add some")));
}

TEST_F(CheckTest, NamesASplitWithoutAKeyword) {
  text("testing_list.txt", path("yes", 1) + "\n");
  text("validation_list.txt", path("yes", 2) + "\n" + path("no", 2) + "\n");
  EXPECT_THAT(told(check().corpus.problems),
              ElementsAre("no: no testing clips of this keyword (19 in training, 1 in validation; 20 speakers); name "
                          "some in testing_list.txt"));
}

TEST_F(CheckTest, NamesTheWayOutThatFitsTheSplits) {
  std::string lines;
  for (int i = 0; i < 20; ++i) lines += path("yes", i) + "\n";
  text("testing_list.txt", lines);
  text("validation_list.txt", path("no", 2) + "\n");
  EXPECT_THAT(told(check().corpus.problems),
              ElementsAre(HasSubstr("yes: no training clips of this keyword (20 in testing; 20 speakers); take some of "
                                    "them out of the lists"),
                          HasSubstr("yes: no validation clips"), HasSubstr("no: no testing clips")));
  std::filesystem::remove(root_ / "testing_list.txt");
  std::filesystem::remove(root_ / "validation_list.txt");
  for (const char* word : {"yes", "no", "cat"}) {
    std::filesystem::remove_all(root_ / word);
    for (int i = 0; i < (word == std::string("no") ? 2 : 5); ++i) {
      add(std::string(word) + "/me_nohash_" + std::to_string(i) + ".wav", noise(90 + i + word[0]));
    }
  }
  EXPECT_THAT(told(check().corpus.problems),
              ElementsAre(HasSubstr("no: no training clips of this keyword (1 in validation, 1 in testing; 1 speaker); "
                                    "record it three times or more")));
}

TEST_F(CheckTest, SpeakersThatNoNameTellsAreNotCounted) {
  std::filesystem::rename(root_ / path("yes", 0), root_ / "yes/take.wav");
  EXPECT_EQ(report_to_json(check(), {{"yes", "no"}})["speakers"], 20);
  for (const char* word : {"yes", "no", "cat"}) {
    std::filesystem::remove_all(root_ / word);
    for (int i = 0; i < 5; ++i) {
      add(std::string(word) + "/" + std::to_string(i) + ".wav", noise(90 + i + word[0]));
    }
  }
  EXPECT_EQ(report_to_json(check(), {{"yes", "no"}})["speakers"], 0);
}

TEST_F(CheckTest, TellsThatNothingIsUnknownAndNothingIsNoise) {
  std::filesystem::remove_all(root_ / "cat");
  std::filesystem::remove_all(root_ / "_background_noise_");
  const CorpusReport report = check();
  EXPECT_THAT(told(report.corpus.problems), ElementsAre());
  EXPECT_THAT(told(report.corpus.remarks),
              ElementsAre(HasSubstr("no words beside the keywords"), HasSubstr("no _background_noise_ folder")));
}

TEST_F(CheckTest, FoldersOfTheClassesJoinThem) {
  std::filesystem::rename(root_ / "cat", root_ / "_unknown_");
  for (int i = 0; i < 20; ++i) add(path("_silence_", i), std::vector<std::int16_t>(16000));
  EXPECT_THAT(told(check().corpus.problems), ElementsAre());
  const Corpus corpus = scan_corpus(root_);
  const Dataset data(corpus, {{"yes", "no"}}, {}, 1);
  std::map<int, std::set<std::string>> words;
  for (const Split split : {Split::validation, Split::testing}) {
    for (const Example& e : data.held_out(split)) {
      if (e.clip != kNoClip) words[e.label].insert(corpus.clips[static_cast<std::size_t>(e.clip)].word);
    }
  }
  EXPECT_THAT(words[kUnknown], ElementsAre("_unknown_"));
  EXPECT_THAT(words[kSilence], ElementsAre("_silence_"));
  for (const Example& e : data.training_epoch(1, 0)) {
    if (e.label == kSilence) {
      EXPECT_NE(e.clip, kNoClip);
    }
  }
}

TEST(SpeechCommands, HasTheCountsOfItsReadme) {
  const char* given = std::getenv("KWS_SPEECH_COMMANDS");
  const std::filesystem::path root =
      given != nullptr ? std::filesystem::path(given) : repository() / "../shared/speech_commands";
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
