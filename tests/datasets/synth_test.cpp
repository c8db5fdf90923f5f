#include "kws/datasets/synth.h"

#include <gmock/gmock.h>

#include <map>

#include "audio_fixture.h"
#include "kws/core/files.h"
#include "kws/datasets/corpus.h"

namespace kws::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Synth : public AudioFolder {
 protected:
  SynthOptions tiny_{.speakers = 4, .clips = 2, .seed = 5, .words = {"yes", "hey_you"}};
};

TEST_F(Synth, MakesACorpusThatTrainingAccepts) {
  int last = 0;
  synthesize(tiny_, root_ / "a", false, [&](int done, int total) {
    EXPECT_EQ(done, last + 1);
    EXPECT_EQ(total, 16);
    last = done;
  });
  EXPECT_EQ(last, 16);
  const Corpus corpus = scan_corpus(root_ / "a");
  EXPECT_EQ(corpus.clips.size(), 16U);
  EXPECT_THAT(corpus.words, ElementsAre("hey_you", "yes"));
  EXPECT_THAT(corpus.keywords, ::testing::UnorderedElementsAre("hey_you", "yes"));
  EXPECT_EQ(corpus.noises.size(), 4U);
  std::map<Split, int> counts;
  for (const Clip& clip : corpus.clips) {
    ++counts[clip.split];
    const std::vector<std::int16_t> samples = read_audio(corpus.root / clip.path);
    EXPECT_EQ(samples.size(), 16000U);
    EXPECT_GT(*std::ranges::max_element(samples), 1000) << clip.path;
  }
  EXPECT_EQ(counts[Split::training], 8);
  EXPECT_EQ(counts[Split::validation], 4);
  EXPECT_EQ(counts[Split::testing], 4);
  EXPECT_NO_THROW(Dataset(corpus, {{"yes"}}, {}, 2));
}

TEST_F(Synth, SameSeedGivesTheSameBytesAndAnotherSeedOthers) {
  const auto files = [&](const std::string& name) {
    synthesize(tiny_, root_ / name, false);
    const Corpus corpus = scan_corpus(root_ / name);
    std::map<std::string, std::string> digests;  // file by file, so that a difference names its place
    for (const Clip& clip : corpus.clips) digests[clip.path] = sha256_hex(read_file(root_ / name / clip.path));
    for (const std::string& noise : corpus.noises) digests[noise] = sha256_hex(read_file(root_ / name / noise));
    return digests;
  };
  const auto first = files("a");
  EXPECT_EQ(first.size(), 20U);
  EXPECT_THAT(files("b"), ::testing::ContainerEq(first));
  tiny_.seed = 6;
  EXPECT_NE(first, files("c"));
}

TEST_F(Synth, SpeaksPhrasesAsLongAsItsClips) {
  tiny_.words = {"turn on the kitchen light please"};
  EXPECT_THAT(error_line([&] { synthesize(tiny_, root_ / "a", false); }, Exit::usage),
              AllOf(HasSubstr("turn_on_the_kitchen_light_please"), HasSubstr("--clip-ms")));
  tiny_.clip_ms = 2500;
  synthesize(tiny_, root_ / "a", false);
  const Corpus corpus = scan_corpus(root_ / "a");
  EXPECT_THAT(corpus.keywords, ElementsAre("turn_on_the_kitchen_light_please"));
  for (const Clip& clip : corpus.clips) EXPECT_EQ(read_audio(corpus.root / clip.path).size(), 40000U) << clip.path;
}

TEST_F(Synth, RefusesWordsThatCannotBeFolders) {
  for (const std::string word : {"", "_x", "../x", "Yes"}) {
    tiny_.words = {word};
    EXPECT_THAT(error_line([&] { synthesize(tiny_, root_ / "a", false); }, Exit::usage), HasSubstr("\"" + word + "\""));
  }
  tiny_.words = {"yes", "yes"};
  EXPECT_THAT(error_line([&] { synthesize(tiny_, root_ / "a", false); }, Exit::usage), HasSubstr("given twice"));
  EXPECT_FALSE(std::filesystem::exists(root_ / "a"));
}

TEST_F(Synth, KeywordsAreSpokenBesideOtherWords) {
  SynthOptions options = tiny_;
  options.clips = 1;
  options.words = {"bed", "aurora"};
  options.keywords = {"coffee time", "aurora"};
  synthesize(options, root_ / "a", false);
  const Corpus corpus = scan_corpus(root_ / "a");
  EXPECT_THAT(corpus.keywords, ElementsAre("coffee_time", "aurora"));
  EXPECT_THAT(corpus.words, ElementsAre("aurora", "bed", "coffee_time"));
}

TEST_F(Synth, RefusesPhrasesThatNoClipHolds) {
  SynthOptions options = tiny_;
  options.words = {"ok_smart_mirror_on_the_wall_who_is_the_fairest"};
  EXPECT_THAT(error_line([&] { synthesize(options, root_ / "a", false); }, Exit::usage),
              HasSubstr(" s, a clip holds 1.0 s; "));
  EXPECT_FALSE(std::filesystem::exists(root_ / "a"));
}

TEST_F(Synth, LeavesNothingBehindWhenItFails) {
  const auto stop = [](int done, int) {
    if (done == 3) throw std::runtime_error("stop");
  };
  EXPECT_THROW(synthesize(tiny_, root_ / "a", false, stop), std::runtime_error);
  EXPECT_TRUE(std::filesystem::is_empty(root_));
}

}  // namespace
}  // namespace kws::test
