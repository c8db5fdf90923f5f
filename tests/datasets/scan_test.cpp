#include <gmock/gmock.h>

#include "audio_fixture.h"
#include "kws/datasets/corpus.h"

namespace kws::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Scan : public AudioFolder {};

// Expected values by Python: int(sha1(name), 16) % 2**27 * 100 / (2**27 - 1).
TEST(SplitRule, FollowsTheSha1OfTheSpeaker) {
  EXPECT_EQ(sha1_split("s3_nohash_0.wav", {}), Split::validation);      // 1.159
  EXPECT_EQ(sha1_split("s26_nohash_0.wav", {}), Split::validation);     // 9.0452
  EXPECT_EQ(sha1_split("s19_nohash_0.wav", {}), Split::testing);        // 12.4311
  EXPECT_EQ(sha1_split("s28_nohash_0.wav", {}), Split::testing);        // 17.9009
  EXPECT_EQ(sha1_split("s10_nohash_0.wav", {}), Split::training);       // 20.4972
  EXPECT_EQ(sha1_split("00f0204f_nohash_0.wav", {}), Split::training);  // 50.1761
  EXPECT_EQ(sha1_split("s26_nohash_0.wav", {.validation_percent = 9.0, .testing_percent = 10.0}), Split::testing);
}

TEST(SplitRule, IgnoresWhatFollowsNoHash) {
  EXPECT_EQ(sha1_split("s19_nohash_7.flac", {}), sha1_split("s19_nohash_0.wav", {}));
}

TEST(SplitRule, HashesTheWholeNameWithoutNoHash) {
  EXPECT_EQ(sha1_split("v2.wav", {}), Split::testing);  // 16.8318, "v2.wav" with its extension
  EXPECT_EQ(sha1_split("s3.wav", {.validation_percent = 1.2, .testing_percent = 0.0}), Split::training);
}

TEST(SplitNames, AcceptShortAndLongForms) {
  for (const Split split : {Split::training, Split::validation, Split::testing}) {
    EXPECT_EQ(split_from_name(split_name(split)), split);
  }
  EXPECT_EQ(split_from_name("valid"), Split::validation);
  EXPECT_THAT(error_line([] { split_from_name("dev"); }, Exit::usage), HasSubstr("\"dev\": unknown; choose"));
}

TEST_F(Scan, ListsRecordingsSortedByPath) {
  add("yes/s3_nohash_1.wav", {1});
  add("yes/s3_nohash_0.flac", {1}, 16000, 1, SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
  add("no/plain.WAV", {1});
  add("_background_noise_/hum.wav", {1});
  add("_other_/a.wav", {1});
  text("no/notes.txt", "x");
  text("no/._ghost.wav", "x");
  std::filesystem::create_directory(root_ / "empty");
  const Corpus corpus = scan_corpus(root_);
  std::vector<std::string> paths;
  for (const Clip& clip : corpus.clips) paths.push_back(clip.path);
  EXPECT_THAT(paths, ElementsAre("no/plain.WAV", "yes/s3_nohash_0.flac", "yes/s3_nohash_1.wav"));
  EXPECT_THAT(corpus.words, ElementsAre("no", "yes"));
  EXPECT_THAT(corpus.noises, ElementsAre("_background_noise_/hum.wav"));
  EXPECT_EQ(corpus.clips[0].speaker, "plain");
  EXPECT_EQ(corpus.clips[1].speaker, "s3");
  EXPECT_EQ(corpus.clips[1].split, Split::validation);
}

TEST_F(Scan, ListFilesDecideWhenPresent) {
  add("yes/s3_nohash_0.wav", {1});  // validation by SHA-1
  add("yes/s10_nohash_0.wav", {1});
  add("yes/s11_nohash_0.wav", {1});
  text("testing_list.txt", "yes/s10_nohash_0.wav\r\n\n");
  text("validation_list.txt", "yes/s11_nohash_0.wav\n");
  const Corpus corpus = scan_corpus(root_);
  EXPECT_EQ(corpus.clips[0].split, Split::testing);
  EXPECT_EQ(corpus.clips[1].split, Split::validation);
  EXPECT_EQ(corpus.clips[2].split, Split::training);
}

TEST_F(Scan, RefusesAClipInBothLists) {
  add("yes/a.wav", {1});
  text("testing_list.txt", "yes/a.wav\n");
  text("validation_list.txt", "yes/a.wav\n");
  EXPECT_THAT(error_line([&] { scan_corpus(root_); }), HasSubstr("stands in validation_list.txt too; "));
}

std::vector<std::string> lines_of(const std::vector<Problem>& found) {
  std::vector<std::string> lines;
  for (const Problem& one : found) lines.push_back(one.path + ": " + one.fact);
  return lines;
}

TEST_F(Scan, ListsOfWholePathsAreAProblem) {
  add("yes/a.wav", {1});
  add("yes/b.wav", {1});
  text("testing_list.txt", "/home/me/data/yes/a.wav\nyes/b.wav\n");
  const Corpus corpus = scan_corpus(root_);
  EXPECT_EQ(corpus.clips[0].split, Split::training);
  EXPECT_THAT(lines_of(corpus.problems), ElementsAre("testing_list.txt: 1 line leads to this folder, first line 1: "
                                                     "\"/home/me/data/yes/a.wav\"; write WORD/FILE alone"));
}

TEST_F(Scan, ListsOfOtherSystemsAreUnderstoodAndTheirLeftoversCounted) {
  add("yes/a.wav", {1});
  add("yes/b.wav", {1});
  add("yes/c.wav", {1});
  text("testing_list.txt",
       "\xEF\xBB\xBFyes\\a.wav\r\n./yes/b.wav \nbed/a.wav\nbed/b.wav\ncat/a.wav\nyes/gone.wav\nyes/g.wav\n");
  const Corpus corpus = scan_corpus(root_);
  EXPECT_EQ(corpus.clips[0].split, Split::testing);
  EXPECT_EQ(corpus.clips[1].split, Split::testing);
  EXPECT_EQ(corpus.clips[2].split, Split::training);
  EXPECT_THAT(lines_of(corpus.remarks),
              ElementsAre("testing_list.txt: 3 lines of 2 words without a folder here ignored"));
  EXPECT_THAT(lines_of(corpus.problems),
              ElementsAre(HasSubstr("testing_list.txt: 2 lines name no file, first line 6: \"yes/gone.wav\"; ")));
}

TEST_F(Scan, TellsWhatItLeavesOut) {
  for (const char* name : {"yes/p_nohash_0.wav", "no/p_nohash_0.wav", "yes/anna/1.wav", "yes/anna/2.flac",
                           "_other_/a.wav", "noise/hum.wav", "stray.wav"}) {
    add(name, {1});
  }
  text("no/a.m4a", "x");
  text("no/b.m4a", "x");
  text("no/Thumbs.db", "x");
  const Corpus corpus = scan_corpus(root_);
  EXPECT_THAT(lines_of(corpus.problems),
              ::testing::UnorderedElementsAre(
                  HasSubstr("no: 2 .m4a files left out: no format that is read; convert: find . -iname "),
                  HasSubstr("yes: 2 recordings in 1 folder below it left out; "),
                  HasSubstr("noise: taken for a word; if it holds background noise, call it _background_noise_"),
                  HasSubstr(".: 1 recording beside the word folders left out; ")));
  EXPECT_THAT(lines_of(corpus.remarks), ::testing::Contains(HasSubstr("_other_: 1 recording left out")));
}

TEST_F(Scan, TellsWhoseNamesTellNoSound) {
  for (const char* name : {"yes/p_nohash_0.wav", "no/p_nohash_0.wav", "silence/p_nohash_0.wav", "yes/anna.m4a.wav"}) {
    add(name, {1});
  }
  for (const char* name : {"yes/p_nohash_1", "no/p_nohash_1.txt", "marvin/p_nohash_1.xyz", "no/desktop.ini",
                           "yes/anna.m4a", "readme.txt", "yes/ben/1.m4a", "stray.m4a"}) {
    text(name, "x");
  }
  const Corpus corpus = scan_corpus(root_);
  EXPECT_THAT(lines_of(corpus.problems),
              ::testing::UnorderedElementsAre(HasSubstr("yes: 1 recording in 1 folder below it left out; "),
                                              HasSubstr(".: 1 recording beside the word folders left out; ")))
      << "anna.m4a has been converted";
  EXPECT_THAT(lines_of(corpus.remarks),
              ::testing::IsSupersetOf(
                  {HasSubstr(".: 3 files left out, by the ending no sound, first marvin/p_nohash_1.xyz; rename"),
                   HasSubstr("silence: taken for a word; if it holds silence, call it _silence_")}));
}

TEST_F(Scan, WordsAreComposed) {
  add("gru\xCC\x88n/p_nohash_0.wav", {1});  // as macOS writes it
  const Corpus corpus = scan_corpus(root_);
  EXPECT_THAT(corpus.words, ElementsAre("gr\xC3\xBCn"));
  EXPECT_EQ(corpus.clips[0].path, "gru\xCC\x88n/p_nohash_0.wav");
  EXPECT_EQ(chosen_labels({" gru\xCC\x88n "}, {}).keywords.front(), "gr\xC3\xBCn");
}

TEST_F(Scan, TellsOfLinksInACircleAndGoesOn) {
  add("yes/p_nohash_0.wav", {1});
  for (const char* link : {"circle", "yes/circle", "yes/circle.wav"}) {
    std::filesystem::create_symlink(std::filesystem::path(link).filename(), root_ / link);
  }
  const Corpus corpus = scan_corpus(root_);
  EXPECT_EQ(corpus.clips.size(), 1U);
  std::vector<std::string> paths;
  for (const auto& problem : corpus.problems) {
    paths.push_back(problem.path);
    EXPECT_THAT(problem.fact, HasSubstr("symbolic links; remove it"));
  }
  EXPECT_THAT(paths, ::testing::UnorderedElementsAre("circle", "yes/circle", "yes/circle.wav"));
}

std::map<Split, int> split_counts(const Corpus& corpus) {
  std::map<Split, int> counts;
  for (const Clip& clip : corpus.clips) ++counts[clip.split];
  return counts;
}

TEST_F(Scan, FewSpeakersAreSpreadEvenly) {
  for (int speaker = 0; speaker < 6; ++speaker) {
    for (const char* word : {"yes", "no"})
      add(std::string(word) + "/p" + std::to_string(speaker) + "_nohash_0.wav", {1});
  }
  const std::map<Split, int> expected = {{Split::training, 8}, {Split::validation, 2}, {Split::testing, 2}};
  EXPECT_EQ(split_counts(scan_corpus(root_)), expected);
}

TEST_F(Scan, OneSpeakerIsSplitClipByClipWithARemark) {
  for (int take = 0; take < 10; ++take) {
    for (const char* word : {"yes", "no"}) add(std::string(word) + "/me_nohash_" + std::to_string(take) + ".wav", {1});
  }
  const Corpus corpus = scan_corpus(root_);
  const std::map<Split, int> expected = {{Split::training, 16}, {Split::validation, 2}, {Split::testing, 2}};
  EXPECT_EQ(split_counts(corpus), expected);
  EXPECT_THAT(lines_of(corpus.remarks), ElementsAre(HasSubstr("one speaker: split clip by clip")));
}

TEST_F(Scan, OneVoiceBesideAFewOtherFilesIsSplitClipByClip) {
  for (int take = 0; take < 20; ++take) {
    for (const char* word : {"yes", "no"}) add(std::string(word) + "/me_nohash_" + std::to_string(take) + ".wav", {1});
  }
  add("yes/you_nohash_0.wav", {1});
  add("no/copy.wav", {1});
  const Corpus corpus = scan_corpus(root_);
  const std::map<Split, int> expected = {{Split::training, 34}, {Split::validation, 4}, {Split::testing, 4}};
  EXPECT_EQ(split_counts(corpus), expected);
  EXPECT_EQ(corpus.split_by, SplitBy::clips);
  EXPECT_THAT(lines_of(corpus.remarks),
              ::testing::Contains(HasSubstr("40 of 42 clips are of one speaker: split clip by clip")));
}

TEST_F(Scan, NamesWithoutSpeakersAreToldAndGuessed) {
  for (int speaker = 10; speaker < 14; ++speaker) {
    for (const char* word : {"no", "yes"}) {
      for (int take = 0; take < 3; ++take) {
        add(std::string(word) + "/0000" + std::to_string(speaker) + "_" + word + "_0" + std::to_string(take) + ".wav",
            {1});
      }
    }
  }
  EXPECT_THAT(lines_of(scan_corpus(root_).remarks),
              ElementsAre(AllOf(HasSubstr("24 of 24 names tell no speaker"), HasSubstr("the first part (000010)?"))));
}

TEST_F(Scan, KeywordsStandInTheCorpus) {
  add("aurora/p_nohash_0.wav", {1});
  text("keywords.txt", "aurora\r\n\ncoffee_time\n");
  EXPECT_THAT(scan_corpus(root_).keywords, ElementsAre("aurora", "coffee_time"));
  EXPECT_THAT(chosen_labels({}, root_).keywords, ElementsAre("aurora", "coffee_time"));
  EXPECT_THAT(chosen_labels({"yes"}, root_).keywords, ElementsAre("yes"));
  text("keywords.txt",
       "\xEF\xBB\xBF"
       "aurora\r\n");
  EXPECT_THAT(scan_corpus(root_).keywords, ElementsAre("aurora"));
  text("keywords.txt", " \n");
  EXPECT_THAT(error_line([&] { scan_corpus(root_); }), HasSubstr("keywords.txt: names no keyword; "));
  EXPECT_EQ(chosen_labels({}, {}).keywords.size(), 10U);
  EXPECT_THAT(error_line([] { chosen_labels({"gr\xFCn"}, {}); }, Exit::usage), HasSubstr("is no UTF-8; "));
  EXPECT_THAT(error_line([] { chosen_labels({"a\tb"}, {}); }, Exit::usage),
              HasSubstr("keywords: \"a\\x09b\" holds control characters; rename"))
      << "no model could be read with it";
  EXPECT_THAT(error_line([] { chosen_labels({"yes", " yes"}, {}); }, Exit::usage), HasSubstr("given twice"));
}

TEST_F(Scan, RefusesMissingFolderAndFolderWithoutWords) {
  EXPECT_THAT(error_line([&] { scan_corpus(root_ / "gone"); }), HasSubstr("gone: no such folder; "));
  EXPECT_THAT(error_line([&] { scan_corpus(root_); }), HasSubstr("no word folder with recordings; "));
  add("_background_noise_/a.wav", {1});
  std::filesystem::create_directory(root_ / "yes");
  EXPECT_THAT(error_line([&] { scan_corpus(root_); }), HasSubstr("no word folder with recordings; "));
}

}  // namespace
}  // namespace kws::test
