#include "kws/datasets/import.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include "archive_fixture.h"

namespace kws {
namespace {

std::vector<std::string> targets(const ImportPlan& plan) {
  std::vector<std::string> names;
  for (const PlannedClip& clip : plan.clips) names.push_back(clip.to);
  return names;
}

bool notes_say(const ImportPlan& plan, const std::string& text) {
  return std::ranges::any_of(plan.notes, [&](const std::string& note) { return note.find(text) != std::string::npos; });
}

TEST(ImportPlan, TakesTheLastFolderForTheWordAndTheOneAboveForTheSpeaker) {
  const ImportPlan plan = plan_import(
      {"rec/anna/go/1.ogg", "rec/anna/halt/1.ogg", "rec/ben/go/1.ogg", "rec/ben/go/2.ogg", "rec/ben/halt/7.MP3"}, {});
  EXPECT_EQ(targets(plan),
            (std::vector<std::string>{"go/anna_nohash_0.wav", "halt/anna_nohash_0.wav", "go/ben_nohash_0.wav",
                                      "go/ben_nohash_1.wav", "halt/ben_nohash_0.wav"}));
  EXPECT_TRUE(notes_say(plan, "the last folder of each path (guessed; else --word first), 2: go, halt"));
  EXPECT_TRUE(notes_say(plan, "2, first anna"));
  EXPECT_TRUE(plan.left_out.empty());
}

TEST(ImportPlan, TakesTheFirstFolderWhereItsNamesAreWords) {
  const std::vector<std::string> paths = {"aurora/p1/a.wav", "aurora/p2/a.wav", "blinds/p1/a.wav", "blinds/p2/a.wav"};
  const std::vector<std::string> wanted = {"aurora/p1_nohash_0.wav", "aurora/p2_nohash_0.wav", "blinds/p1_nohash_0.wav",
                                           "blinds/p2_nohash_0.wav"};
  EXPECT_EQ(targets(plan_import(paths, {})), wanted) << "folders of speakers hold digits";
  const std::vector<std::string> names = {"aurora/ann/a.wav", "aurora/ben/a.wav", "blinds/ann/a.wav"};
  EXPECT_EQ(plan_import(names, {.keywords = {"Aurora", "blinds"}}).clips.front().word, "Aurora")
      << "spelt as the keyword";
  EXPECT_EQ(plan_import(names, {.word = WordFolder::first}).clips.front().speaker, "ann");
  EXPECT_EQ(plan_import(names, {}).clips.front().word, "ann") << "nothing tells, so the last";
}

TEST(ImportPlan, SpeakerPatternsHaveANamedGroupOrOne) {
  const std::vector<std::string> paths = {"yes/0001_anna_x.wav", "yes/0002_ben_y.wav", "no/other.wav"};
  for (const char* pattern :
       {"/(\\d+)_(?<speaker>[^_]+)_", "_(?P<speaker>[a-z]+)_", "[(]?_([a-z]+)_", "\\d_(\\w+?)_"}) {
    const ImportPlan plan = plan_import(paths, {.speaker = pattern});
    EXPECT_EQ(targets(plan), (std::vector<std::string>{"yes/anna_nohash_0.wav", "yes/ben_nohash_0.wav"})) << pattern;
    EXPECT_EQ(plan.left_out.at("no speaker in the path that --speaker fits").first, "no/other.wav");
  }
  for (const char* pattern : {"(?<speaker>", "(?<=_)(?<speaker>[a-z]+)", "(?<!_)(?<speaker>[a-z]+)", "anna", "(a)(b)",
                              "(?<other>a)(b)", "[", "(?<speaker>a"}) {
    const std::string line = test::error_line([&] { plan_import(paths, {.speaker = pattern}); }, Exit::usage);
    EXPECT_NE(line.find("--speaker"), std::string::npos) << line;
  }
  EXPECT_NE(test::error_line([&] { plan_import(paths, {.speaker = "(?<speaker>zzz)"}); }).find("fits no path"),
            std::string::npos);
}

TEST(ImportPlan, GuessesSpeakersFromNames) {
  EXPECT_EQ(plan_import({"yes/0a_nohash_0.wav", "no/0b_nohash_3.wav"}, {}).clips.back().to, "yes/0a_nohash_0.wav");
  std::vector<std::string> paths;
  for (const char* word : {"yes", "no"}) {
    for (const char* speaker : {"anna", "ben"}) {
      for (int i = 0; i < 3; ++i) {
        paths.push_back(std::string(word) + "/" + word + "-" + speaker + "-" + std::to_string(i) + ".flac");
      }
    }
  }
  const ImportPlan plan = plan_import(paths, {});
  EXPECT_EQ(plan.clips.front().to, "no/anna_nohash_0.wav");
  EXPECT_EQ(plan.clips.back().to, "yes/ben_nohash_2.wav");
  const ImportPlan alone = plan_import({"yes/Recording (1).ogg", "yes/Recording (2).ogg", "no/Recording.ogg"}, {});
  EXPECT_TRUE(notes_say(alone, "taken for one voice"));
  EXPECT_EQ(alone.clips.front().to, "no/speaker_nohash_0.wav");
}

TEST(ImportPlan, DaysOfATelephoneAreNoSpeakers) {
  for (const std::string day : {"Recording_2026112", "2026-11-2"}) {
    std::vector<std::string> paths;
    for (const char* word : {"yes", "no"}) {
      for (int i = 0; i < 12; ++i) {
        paths.push_back(std::string(word) + "/" + day + std::to_string(6 + i % 3) + "_0915" + std::to_string(10 + i) +
                        ".wav");
      }
    }
    EXPECT_TRUE(notes_say(plan_import(paths, {}), "taken for one voice")) << paths.front();
  }
}

TEST(ImportPlan, AFolderWhoseNameHidesOnceTrimmedIsNoWord) {
  const ImportPlan plan = plan_import({" ../a.wav", " .x/a.wav", "yes/ann_nohash_0.wav", "no/ann_nohash_0.wav"}, {});
  EXPECT_EQ(targets(plan), (std::vector<std::string>{"no/ann_nohash_0.wav", "yes/ann_nohash_0.wav"}));
  EXPECT_EQ(plan.left_out.at("in a folder whose name is blank or begins with a blank and a dot: rename it").count, 2U);
}

TEST(ImportPlan, EveryFileIsPlannedOrCounted) {
  const ImportPlan plan =
      plan_import({"d/yes/a.wav", "d/yes/._a.wav", "__MACOSX/d/yes/a.wav", "d/yes/b.m4a", "d/yes/c.M4A", "d/read.txt",
                   "d/LICENSE", "d/noise/n.wav", "d/_background_noise_/m.wav", "d/_unknown_/u.wav", "d/_x/u.wav",
                   "d/gr\374n/u.wav", "top.wav", "d/Yes/s.wav", "d/yes/d.wav"},
                  {});
  EXPECT_EQ(plan.clips.size(), 4U);
  EXPECT_EQ(plan.noises, (std::vector<std::string>{"d/_background_noise_/m.wav", "d/noise/n.wav"}));
  const auto count = [&](const std::string& reason) {
    std::size_t files = 0;
    for (const auto& [text, left_out] : plan.left_out) files += text.starts_with(reason) ? left_out.count : 0;
    return files;
  };
  EXPECT_EQ(count("hidden"), 2U);
  EXPECT_EQ(count(".m4a: no format that is read; convert: find . -iname '*.m4a' -exec ffmpeg -i {} {}.wav ';'"), 2U);
  EXPECT_EQ(count(".txt: no recording"), 1U);
  EXPECT_EQ(count("no ending: no recording"), 1U);
  EXPECT_EQ(count("in no folder"), 1U);
  EXPECT_EQ(count("in a folder"), 2U);
  EXPECT_EQ(count(""), 9U);
  std::set<std::string> words;
  for (const PlannedClip& clip : plan.clips) words.insert(clip.word);
  EXPECT_EQ(words, (std::set<std::string>{"_unknown_", "yes"})) << "Yes and yes are one word";
}

TEST(ImportPlan, AFolderOfAnotherFormatIsToldHowToConvertIt) {
  EXPECT_EQ(test::error_line([] {
              plan_import({"ja/1.m4a", "ja/2.m4a", "nein/1.m4a", "a.txt", "b.txt"}, {});
            }),
            "no recording of a word: 3 .m4a: no format that is read; convert: find . -iname '*.m4a' -exec ffmpeg -i {} "
            "{}.wav ';' (first ja/1.m4a)");
  EXPECT_THAT(test::error_line([] {
                plan_import({"a.wav", "b.txt", "c.txt"}, {});
              }),
              ::testing::HasSubstr("1 in no folder that names the word; sort them into WORD/ or SPEAKER/WORD/"));
  EXPECT_EQ(test::error_line([] { plan_import({}, {}); }), "holds no recording; give a folder of them");
  const ImportPlan plan = plan_import({"ja/1.m4a", "ja/1.m4a.wav", "ja/2.m4a", "ja/2.wav", "ja/3.m4a"}, {});
  EXPECT_EQ(plan.left_out.at(".m4a: converted beside it").count, 2U);
  EXPECT_EQ(plan.left_out.size(), 2U);
}

TEST(ImportPlan, TakesThatAConverterCountedAreNoSpeakers) {
  std::vector<std::string> paths;
  for (const char* word : {"ja", "nein", "halt"}) {
    for (int i = 1; i < 5; ++i) paths.push_back(std::string(word) + "/Memo " + std::to_string(i) + ".m4a.wav");
  }
  EXPECT_TRUE(notes_say(plan_import(paths, {}), "taken for one voice"));
}

TEST(ImportPlan, SpeakersAreNamesOfFiles) {
  const ImportPlan plan = plan_import({"yes/.._x.wav", "yes/a_nohash_b_x.wav"}, {.speaker = "/(?<speaker>[^/]+)_x"});
  EXPECT_EQ(targets(plan), (std::vector<std::string>{"yes/a_b_nohash_0.wav"}));
  EXPECT_EQ(plan_import({"yes/a/b.wav"}, {.speaker = "(?<speaker>.*)/b", .keywords = {"yes"}}).clips.front().speaker,
            "yes_a");
}

class Import : public test::ArchiveFolder {
 protected:
  /// A word of 0.4 s in the given second of silence with a little noise.
  static std::vector<std::int16_t> phone(double seconds, double at, double hz, int rate, int channels) {
    std::vector<std::int16_t> samples(static_cast<std::size_t>(seconds * rate) * static_cast<std::size_t>(channels));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double time = static_cast<double>(i / static_cast<std::size_t>(channels)) / rate;
      const bool loud = time >= at && time < at + 0.4;
      samples[i] = static_cast<std::int16_t>((loud ? 8000.0 : 20.0) * std::sin(6.2831853 * hz * time));
    }
    return samples;
  }
};

TEST_F(Import, KeepsTheWordInTheMiddleOfASecond) {
  int hz = 300;
  for (const char* word : {"ja", "nein"}) {
    for (int i = 0; i < 6; ++i) {
      add(std::string("src/") + word + "/Memo " + std::to_string(i) + ".wav",
          phone(2.5, 0.1 + 0.3 * i, hz += 20, 44100, 2), 44100, 2);
    }
  }
  const ImportReport report = import_corpus(root_ / "src", root_ / "out/", false, {}, 2);
  EXPECT_TRUE(report.check.corpus.problems.empty());
  EXPECT_EQ(report.plan.clips.size(), 12U);
  EXPECT_EQ(read_file(root_ / "out/keywords.txt"), "ja\nnein\n");
  AudioFacts facts;
  const std::vector<std::int16_t> samples = read_audio(root_ / "out/ja/speaker_nohash_3.wav", &facts);
  EXPECT_EQ(facts.rate_hz, 16000);
  EXPECT_EQ(facts.channels, 1);
  ASSERT_EQ(samples.size(), 16000U);
  const auto loud = [](std::int16_t value) { return value > 4000; };
  const auto first = std::ranges::find_if(samples, loud) - samples.begin();
  EXPECT_NEAR(static_cast<double>(first), 4800.0, 320.0) << "0.3 s on both sides of 0.4 s";
}

TEST_F(Import, LeavesOutWhatCheckObjectsToAndCopies) {
  for (int i = 0; i < 5; ++i) {
    add("src/ja/" + std::to_string(i) + ".wav", phone(1.0, 0.2, 300 + i, 16000, 1));
    add("src/nein/" + std::to_string(i) + ".wav", phone(1.0, 0.2, 500 + i, 16000, 1));
  }
  add("src/ja/dead.wav", std::vector<std::int16_t>(16000, 7));
  add("src/ja/again.wav", phone(1.0, 0.2, 300, 16000, 1));
  add("src/ja/short.wav", phone(0.05, 0.0, 300, 16000, 1));
  text("src/ja/text.wav", "no sound");
  add("src/nein/wrong.wav", phone(1.0, 0.2, 304, 16000, 1));
  const ImportReport report = import_corpus(root_ / "src", root_ / "out", false, {}, 1);
  EXPECT_TRUE(report.check.corpus.problems.empty());
  EXPECT_EQ(report.plan.clips.size(), 9U);
  std::size_t left_out = 0;
  for (const auto& [reason, files] : report.plan.left_out) left_out += files.count;
  EXPECT_EQ(left_out, 6U) << "a copy in two words is wrong in one of them, nobody knows in which";
  EXPECT_EQ(report.plan.left_out.at("same samples as a recording of another word").count, 2U);
}

TEST_F(Import, FollowsLinksToFoldersButInNoCircle) {
  for (int i = 0; i < 4; ++i) {
    add("src/ja/" + std::to_string(i) + ".wav", phone(1.0, 0.2, 300 + i, 16000, 1));
    add("elsewhere/" + std::to_string(i) + ".wav", phone(1.0, 0.2, 500 + i, 16000, 1));
  }
  for (const auto& [to, link] : std::map<std::string, std::string>{{"../elsewhere", "nein"},
                                                                   {"../src", "again"},
                                                                   {"../..", "up"},
                                                                   {"circle", "circle"},
                                                                   {"../nowhere.wav", "ja/gone.wav"}}) {
    std::filesystem::create_symlink(to, root_ / "src" / link);
  }
  const ImportReport report = import_corpus(root_ / "src", root_ / "out", false, {}, 1);
  EXPECT_EQ(report.plan.clips.size(), 8U);
  EXPECT_EQ(report.plan.left_out.at("a link to a folder that it lies in").count, 2U);
  EXPECT_EQ(report.plan.left_out.at("a link that leads nowhere").count, 2U);
}

TEST_F(Import, ReadsAnArchiveWithATopFolder) {
  std::vector<test::Packed> entries;
  std::uint32_t seed = 1;
  for (const char* word : {"ja", "nein"}) {
    for (int i = 0; i < 4; ++i) {
      entries.push_back(
          {.path = std::string("my words/") + word + "/x" + std::to_string(i) + ".wav", .content = wav(seed++)});
    }
  }
  text("words.tar.gz", tar_gz(entries));
  const ImportReport report = import_corpus(root_ / "words.tar.gz", root_ / "out", false, {}, 1);
  EXPECT_EQ(report.plan.clips.size(), 8U);
  EXPECT_TRUE(std::filesystem::is_regular_file(root_ / "out/ja/speaker_nohash_0.wav"));
  EXPECT_FALSE(std::filesystem::exists(root_ / "out/.unpacked"));
}

TEST_F(Import, ReplacesNothingThatItReadsFrom) {
  for (int i = 0; i < 6; ++i)
    add("src/w" + std::to_string(i % 2) + "/" + std::to_string(i) + ".wav", phone(1.0, 0.2, 300 + 10.0 * i, 16000, 1));
  import_corpus(root_ / "src", root_ / "out", false, {.keywords = {"w0"}}, 1);
  std::filesystem::rename(root_ / "src", root_ / "out/raw");
  const auto line = [&](const char* source, const char* out) {
    return test::error_line([&] { import_corpus(root_ / source, root_ / out, true, {.keywords = {"w0"}}, 1); },
                            Exit::usage);
  };
  EXPECT_NE(line("out/raw", "out").find("which --replace would remove; "), std::string::npos);
  EXPECT_NE(line("out", "out").find("which --replace would remove; "), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(root_ / "out/raw/w0/0.wav"));
  EXPECT_NE(line("out", "out/new").find("would be imported again; "), std::string::npos);
}

TEST_F(Import, WritesNothingWhenItFails) {
  EXPECT_NE(
      test::error_line([&] { import_corpus(root_ / "none", root_ / "out", false, {}, 1); }).find("no such folder"),
      std::string::npos);
  add("src/ja/0.wav", phone(1.0, 0.2, 300, 16000, 1));
  const std::string few = test::error_line([&] { import_corpus(root_ / "src", root_ / "out", false, {}, 1); });
  EXPECT_NE(few.find("three times"), std::string::npos) << few;
  text("src/ja/0.wav", "no sound");
  test::error_line([&] { import_corpus(root_ / "src", root_ / "out", false, {}, 1); });
  EXPECT_EQ(names(), std::vector<std::string>{"src"});
  std::filesystem::create_directory(root_ / "out");
  const std::string there =
      test::error_line([&] { import_corpus(root_ / "src", root_ / "out", false, {}, 1); }, Exit::usage);
  EXPECT_NE(there.find("exists already"), std::string::npos) << there;
}

}  // namespace
}  // namespace kws
