#include <gmock/gmock.h>

#include "audio_fixture.h"
#include "kws/datasets/corpus.h"

namespace kws::test {
namespace {

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

TEST_F(Scan, RefusesListsThatDoNotFit) {
  add("yes/a.wav", {1});
  text("testing_list.txt", "yes/a.wav\nyes/gone.wav\n");
  EXPECT_THAT(error_line([&] { scan_corpus(root_); }),
              HasSubstr("testing_list.txt: line 2: \"yes/gone.wav\" does not exist; "));
  text("testing_list.txt", "yes/a.wav\n");
  text("validation_list.txt", "yes/a.wav\n");
  EXPECT_THAT(error_line([&] { scan_corpus(root_); }), HasSubstr("stands in validation_list.txt too; "));
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
