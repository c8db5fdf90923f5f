#include "kws/pipeline/listen.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <span>
#include <utility>

#include "../../export/stream_reference.h"
#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/options.h"
#include "kws/core/rng.h"
#include "kws/pipeline/pipeline.h"
#include "kws/pipeline/training_evaluator.h"
#include "train/tones.h"

namespace kws {
namespace {

class ListenTest : public test::TonesTest {
 protected:
  static constexpr const char* kGru = R"({"type":"gru","layers":1,"cells":16})";
  static constexpr const char* kCrnn =
      R"({"type":"crnn","conv":{"filters":8,"kernel":[5,10],"stride":[2,1]},"gru_layers":2,"cells":12,"fc":8})";
  [[nodiscard]] Model trained(int epochs, const std::string& network = kGru) const {
    Proposal proposal{.number = 0,
                      .budget = "small",
                      .design = design_from_json(Json::parse(std::string(R"({"schema":"kwsmith.design/1","name":"small",
          "features":{"kind":"mfcc","coefficients":10,"window_ms":30,"stride_ms":40,"mel_bins":40,"low_hz":20,"high_hz":4000},
          "network":)") + network + R"(,"classes":4})"),
                                                 "test"),
                      .training = {}};
    proposal.training.epochs = epochs;
    proposal.training.batch_size = 10;
    proposal.training.ema = 0.9;
    const auto nothing = [](int, const std::function<std::string()>&) {};
    const Dataset data = dataset();
    return unpack_model(make_training_evaluator(data)->run(proposal, epochs, "", nothing).model);
  }
  [[nodiscard]] Recording stream(std::uint64_t seed, int minutes = 1) const {
    return make_test_stream(scan_corpus(root_), {{"low", "high"}}, Split::testing,
                            {.minutes = minutes, .keyword_percent = 50.0, .pause_ms = 500, .seed = seed});
  }
};

TEST_F(ListenTest, DecisionsAreThoseOfTheExportedStreamForChunksOfAnySize) {
  const Model gru = trained(1), crnn = trained(1, kCrnn);
  const FrontEnd front_end(gru.design.features);
  const std::vector<std::int16_t> pcm = stream(1).pcm;
  struct Case {
    const Model& model;
    int hop_ms;
    bool carry_state;
  };
  // A decision per frame, the default, and hops longer than a frame is; with the state carried on.
  for (const auto& [model, hop_ms, carry_state] :
       {Case{gru, 40, false}, Case{gru, 0, false}, Case{gru, 240, false}, Case{gru, 1000, false}, Case{gru, 80, true},
        Case{crnn, 80, true}, Case{crnn, 240, true}}) {
    const DetectorOptions detector{.smoothing_ms = 500, .carry_state = carry_state};
    std::vector<SmoothedDecision> expected;
    for (const StreamDecision& d :
         stream_reference(export_view(model, front_end), stream_options(front_end, detector, hop_ms), pcm)) {
      expected.push_back({.frame = d.frame, .label = d.label, .score = d.score});
      // A mean holds every decision until it has as many as it wants.
      const int most = smoothing_decisions(stream_options(front_end, detector, hop_ms), front_end.options());
      expected.back().held = std::min(static_cast<int>(expected.size()), most);
    }
    ASSERT_GT(expected.size(), 50U);
    const StreamOptions options = stream_options(front_end, detector, hop_ms);
    EXPECT_EQ(Listener(model, options, 2).push(pcm), expected) << hop_ms;
    Listener listener(model, options, 1);
    std::vector<SmoothedDecision> pieces;
    Rng rng({5});
    for (std::size_t at = 0; at < pcm.size();) {
      const std::size_t size = std::min(pcm.size() - at, static_cast<std::size_t>(rng.between(1, 40000)));
      std::ranges::copy(listener.push(std::span(pcm).subspan(at, size)), std::back_inserter(pieces));
      at += size;
    }
    EXPECT_EQ(pieces, expected) << hop_ms;
  }
}

TEST_F(ListenTest, HopsThatAreNoWholeStridesAreRefused) { EXPECT_THROW(begin_listening(trained(1), {}, 50), Error); }

TEST_F(ListenTest, ATrainedModelFindsItsWordsInALongRecording) {
  const Model model = trained(12);
  Listening listening = begin_listening(model, {.threshold = 0.6}, 0);
  listen_to(stream(3, 3), model, 2, listening);
  const OperatingPoint point = operating_point(listening, 0.6);
  EXPECT_NEAR(point.hours, 3.0 / 60.0, 1e-9);
  EXPECT_GT(point.words, 40);
  EXPECT_LT(point.false_reject_rate(), 0.4);
  const Json json = listening_to_json(listening);
  EXPECT_EQ(json["judged"]["found"].get<int>() + json["judged"]["false_accepts"].get<int>(),
            static_cast<int>(json["detections"].size()))
      << "rows add up";
}

Listening said(const std::vector<SmoothedDecision>& decisions, const std::vector<SpokenWord>& words, bool labelled) {
  return {.model = "m",
          .labels = {"_silence_", "_unknown_", "yes", "no"},
          .options = {.hop_frames = 5, .threshold = threshold_q15(0.5), .refractory_ms = 1000},
          .features = {.window_ms = 20, .stride_ms = 20},
          .heard = {{.name = "r", .seconds = 1800.0, .labelled = labelled, .words = words, .decisions = decisions}}};
}

TEST(Detections, AreAtTheEndOfTheirFrame) {
  const FeatureOptions features{.window_ms = 40, .stride_ms = 20};
  EXPECT_DOUBLE_EQ(end_of_frame(features, 1), 0.04);
  EXPECT_DOUBLE_EQ(end_of_frame(features, 49), 1.0) << "a clip of 49 frames is a second";
}

TEST(Detections, FindAWordOnceWhileItSoundsOrSoonAfter) {
  const int sure = threshold_q15(0.9), unsure = threshold_q15(0.4);
  const std::vector<SpokenWord> words = {{10.0, 11.0, 2}, {20.0, 21.0, 3}, {30.0, 31.0, 2}, {40.0, 41.0, 2}};
  // Frames of 20 ms: 500 is second 10.
  const Listening listening = said({{490, 2, sure},     // before it begins: wrong
                                    {545, 2, sure},     // found
                                    {560, 2, sure},     // within the refractory time: nothing
                                    {598, 2, sure},     // the same word again: wrong
                                    {1010, 2, sure},    // another word sounds: wrong
                                    {1070, 3, unsure},  // not sure enough
                                    {1600, 2, sure},    // a second after its end: found
                                    {2101, 2, sure},    // a frame more than a second: wrong
                                    {2200, 1, sure}},   // no keyword
                                   words, true);
  std::vector<std::pair<double, bool>> list;
  for (const Detection& d : detections(listening, listening.heard[0])) list.emplace_back(d.seconds, d.found);
  const std::vector<std::pair<double, bool>> expected = {{9.8, false},  {10.9, true}, {11.96, false},
                                                         {20.2, false}, {32.0, true}, {42.02, false}};
  EXPECT_EQ(list, expected);
  const OperatingPoint point = operating_point(listening, 0.5);
  EXPECT_EQ(point.words, 4);
  EXPECT_EQ(point.found, 2);
  EXPECT_EQ(point.false_accepts, 4);
  EXPECT_DOUBLE_EQ(point.false_reject_rate(), 0.5);
  EXPECT_DOUBLE_EQ(point.false_accepts_per_hour(), 8.0);
}

TEST(Detections, InRecordingsWithoutLabelsAreNotJudged) {
  const Listening listening = said({{490, 2, 32768}}, {}, false);
  EXPECT_EQ(operating_point(listening, 0.5).false_accepts, 0);
  const Json json = listening_to_json(listening);
  EXPECT_TRUE(json["judged"].is_null());
  EXPECT_TRUE(json["detections"][0]["found"].is_null());
  EXPECT_EQ(json["thresholds"].size(), 0U);
  EXPECT_DOUBLE_EQ(json["detections_per_hour"].get<double>(), 2.0);
}

TEST(Detections, TheTunedThresholdIsTheSmallestThatKeepsTheRate) {
  std::vector<SmoothedDecision> decisions;
  for (int i = 1; i <= 9; ++i) decisions.push_back({100 * i, 2, threshold_q15(0.1 * i)});
  const Listening listening = said(decisions, {}, true);  // half an hour of false accepts
  EXPECT_DOUBLE_EQ(tune_threshold(listening, 4.0), 0.71);
  EXPECT_DOUBLE_EQ(tune_threshold(listening, 0.0), 0.91);
  EXPECT_DOUBLE_EQ(tune_threshold(listening, 1000.0), 0.01);
  EXPECT_DOUBLE_EQ(tune_threshold(said({{100, 2, 32768}}, {}, true), 0.0), 1.0);
}

TEST(TuneThresholds, GivesEachKeywordWhatItEarns) {
  // "yes" is heard where nobody speaks, "no" is right but shy.
  std::vector<SmoothedDecision> decisions;
  std::vector<SpokenWord> words;
  for (int i = 1; i <= 8; ++i) {
    decisions.push_back({200 * i, 2, threshold_q15(0.7)});
    decisions.push_back({200 * i + 100, 3, threshold_q15(0.6)});
    words.push_back({(200 * i + 100) / 50.0 - 0.5, (200 * i + 100) / 50.0, 3});
  }
  words.push_back({50.0, 51.0, 2});
  decisions.push_back({2550, 2, threshold_q15(0.9)});
  Listening listening = said(decisions, words, true);
  EXPECT_EQ(operating_point(listening, tune_threshold(listening, 2.0)).found, 1);
  for (const double threshold : tune_thresholds(listening, 2.0)) {
    listening.options.thresholds.push_back(threshold_q15(threshold));
  }
  const OperatingPoint point = operating_point(listening);
  EXPECT_EQ(point.found, 9);
  EXPECT_EQ(point.false_accepts, 0);
  EXPECT_GT(listening.options.threshold_of(2), threshold_q15(0.7));
  EXPECT_LE(listening.options.threshold_of(3), threshold_q15(0.6));
}

TEST(TuneThresholds, AreTheSameForAllWhereNothingIsGained) {
  const Listening listening = said({{100, 2, 32768}}, {}, true);
  EXPECT_EQ(tune_thresholds(listening, 0.0), std::vector<double>(4, 1.0));
}

TEST_F(ListenTest, ATestStreamHoldsItsWordsWhereItSays) {
  const Recording recording = stream(7, 2);
  EXPECT_EQ(recording.pcm.size(), 2U * 60U * 16000U);
  ASSERT_GT(recording.words.size(), 20U);
  std::map<std::vector<std::int16_t>, int> times;
  for (const SpokenWord& word : recording.words) {
    EXPECT_TRUE(word.label == 2 || word.label == 3);
    const auto begin = static_cast<std::size_t>(std::lround(word.begin * 16000));
    const auto end = static_cast<std::size_t>(std::lround(word.end * 16000));
    ++times[{recording.pcm.begin() + static_cast<std::ptrdiff_t>(begin),
             recording.pcm.begin() + static_cast<std::ptrdiff_t>(end)}];
  }
  // Two words of ten speakers; without noise they are the clips themselves, all of them before any comes again.
  EXPECT_EQ(times.size(), 20U);
  for (const auto& [clip, count] : times) {
    EXPECT_NEAR(count, static_cast<double>(recording.words.size()) / 20.0, 1.0);
  }
  EXPECT_EQ(stream(7, 2).pcm, recording.pcm);
  EXPECT_NE(stream(8, 2).pcm, recording.pcm);
  EXPECT_THROW(make_test_stream(scan_corpus(root_), {{"missing", "absent"}}, Split::testing, {}), Error);
}

TEST_F(ListenTest, LabelTracksAreReadAndWrongLinesNamed) {
  const std::vector<std::string> labels = {"_silence_", "_unknown_", "yes", "no"};
  add("long/a.wav", std::vector<std::int16_t>(48000));
  EXPECT_FALSE(read_recording(root_ / "long" / "a.wav", labels).labelled);
  text("long/a.txt", "1.5\t2.25\tno\n0.5\t1.0\tyes\r\n\n2.5\t2.6\tchair\n");
  const Recording recording = read_recording(root_ / "long" / "a.wav", labels);
  ASSERT_TRUE(recording.labelled);
  ASSERT_EQ(recording.words.size(), 2U);
  EXPECT_EQ(recording.words[0].label, 2);
  EXPECT_EQ(recording.words[1].label, 3);
  EXPECT_DOUBLE_EQ(recording.words[1].end, 2.25);
  for (const char* wrong :
       {"0.5\t1.0\n", "yes\n", "2.0\t1.0\tyes\n", "-1\t1\tyes\n", "nan\t1\tyes\n", "1\tinf\tyes\n"}) {
    text("long/a.txt", std::string("0.1\t0.2\tyes\n") + wrong);
    try {
      (void)read_recording(root_ / "long" / "a.wav", labels);
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), Exit::data);
      EXPECT_NE(std::string(error.what()).find("a.txt:2: is not"), std::string::npos) << error.what();
    }
  }
}

TEST_F(ListenTest, LabelTracksSplitAtTabsAndTellWhatTheyLeaveOut) {
  const std::vector<std::string> labels = {"_silence_", "_unknown_", "zoom in", "yes"};
  add("long/a.wav", std::vector<std::int16_t>(48000));
  text("long/a.txt",
       "\xEF\xBB\xBF"
       "0.1\t0.4\tzoom in\n\\\t100.0\t2000.0\n0.5\t0.8\tyes please\n0.9\t1.0\t\n1.5\t2\t Yes \n");
  const Recording recording = read_recording(root_ / "long" / "a.wav", labels);
  ASSERT_EQ(recording.words.size(), 1U);
  EXPECT_EQ(recording.words[0].label, 2);
  ASSERT_EQ(recording.remarks.size(), 2U);
  EXPECT_EQ(recording.remarks[0], "a.txt: 1 keyword, 3 other labels");
  EXPECT_NE(recording.remarks[1].find("first \"Yes\" for \"yes\""), std::string::npos) << recording.remarks[1];
  text("long/a.txt", "3.0\t3.1\tyes\n");
  EXPECT_THROW((void)read_recording(root_ / "long" / "a.wav", labels), Error);
  EXPECT_FALSE(read_recording(root_ / "long" / "a.wav", labels, false).labelled);
}

std::string wav_bytes(unsigned rate, unsigned channels, std::uint32_t size, const std::string& samples) {
  const auto number = [](std::uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFFU);
    return text;
  };
  return "RIFF" + number(36 + size, 4) + "WAVELIST" + number(3, 4) + "abc" + std::string(1, '\0') + "fmt " +
         number(16, 4) + number(1, 2) + number(channels, 2) + number(rate, 4) + number(rate * channels * 2, 4) +
         number(channels * 2, 2) + number(16, 2) + "data" + number(size, 4) + samples;
}

/// What a stream gives when its bytes come in pieces of this size.
std::vector<std::int16_t> streamed(const std::string& bytes, std::size_t piece) {
  SampleStream stream;
  std::vector<std::int16_t> all;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const std::vector<std::int16_t> some =
        stream.push(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)));
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

TEST(SampleStream, ReadsRawSamplesAndWavInPiecesOfAnySize) {
  const std::string samples =
      "ab"
      "cd"
      "ef"
      "gh"
      "ij"
      "kl"
      "mn";
  std::vector<std::int16_t> expected(samples.size() / 2);
  std::memcpy(expected.data(), samples.data(), samples.size());
  for (const std::size_t piece : std::vector<std::size_t>{1, 3, 7, 1000}) {
    EXPECT_EQ(streamed(samples, piece), expected) << piece;
    EXPECT_EQ(streamed(wav_bytes(16000, 1, 14, samples) + "LIST behind", piece), expected) << piece;
    EXPECT_EQ(streamed(wav_bytes(16000, 1, 0xFFFFFFFFU, samples), piece), expected) << piece;
  }
}

TEST(SampleStream, KnowsWhatIsMissing) {
  const std::string bytes = wav_bytes(16000, 1, 8, "abcd");
  SampleStream stream;
  EXPECT_EQ(stream.push(bytes).size(), 2U);
  EXPECT_EQ(stream.missing(), 4U);
  stream.push(std::string_view("efgh"));
  EXPECT_EQ(stream.missing(), 0U);
}

TEST(SampleStream, RefusesOtherContainersAndFormats) {
  for (const std::string& bytes :
       {std::string("fLaC"), std::string("OggS"), std::string("ID3\4"), std::string("xxxxftyp"),
        std::string("\x1A\x45\xDF\xA3"), std::string("\x30\x26\xB2\x75"), std::string("wvpk"), std::string("#!AMR")}) {
    EXPECT_THROW(streamed(bytes + std::string(100, 'x'), 10), Error) << bytes;
  }
  EXPECT_THROW(streamed(wav_bytes(44100, 1, 4, "abcd"), 10), Error);
  EXPECT_THROW(streamed(wav_bytes(16000, 2, 4, "abcd"), 10), Error);
  EXPECT_THROW(streamed(wav_bytes(16000, 1, 4, "abcd").erase(24, 24), 10), Error) << "without its format";
}

TEST(SampleStream, KnowsFramesOfMp3AndAacFromSamplesThatBeginLikeThem) {
  // 32 kbit/s at 48 kHz: 96 bytes a frame; AAC of 100 bytes a frame.
  const std::string mp3 = std::string("\xFF\xFB\x14\xC4", 4) + std::string(92, 'x');
  const std::string aac = std::string("\xFF\xF1\x60\x40\x0C\x9F", 6) + std::string(94, 'x');
  for (const std::string& frame : {mp3, aac}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
      EXPECT_THROW(streamed(frame + frame, piece), Error) << piece;
      const std::string samples = frame + std::string(100, 'y');
      EXPECT_EQ(streamed(samples, piece).size(), samples.size() / 2) << "one header alone is a chance";
    }
  }
}

}  // namespace
}  // namespace kws
