#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "kws/datasets/corpus.h"
#include "kws/model/model.h"
#include "kws/quant/detector.h"

namespace kws {

/// Runs a model's int8 network and smoothing over audio as it comes; the decisions are those of the exported stream.
class Listener {
 public:
  ///   model    outlives this
  ///   options  of the model's front end
  Listener(const Model& model, const StreamOptions& options, int threads);
  ~Listener();
  Listener(Listener&&) noexcept;
  Listener& operator=(Listener&&) noexcept;

  /// Takes the next samples of the stream, any number, and gives the decisions that they complete, in order.
  ///   throws  Error (Exit::interrupted) when the user has asked to stop
  std::vector<SmoothedDecision> push(std::span<const std::int16_t> pcm);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A keyword that is spoken in a recording.
struct SpokenWord {
  double begin = 0.0, end = 0.0;  ///< seconds
  int label = 0;
};

/// A long recording with what is known to be spoken in it.
struct Recording {
  std::string name;
  std::vector<std::int16_t> pcm;          ///< 16 kHz mono
  bool labelled = false;                  ///< whether `words` are all keywords in it
  std::vector<SpokenWord> words;          ///< by begin
  std::vector<std::string> remarks = {};  ///< what the user should know, a line each
};

/// Reads FILE and, where it lies beside it, FILE's label track NAME.txt as Audacity writes it: lines
/// "begin TAB end TAB word", seconds, each with a line of its frequencies behind it, maybe. Labels that are no keywords
/// are left out and counted.
///   tracks  whether there may be such a track; else NAME.txt is not opened
///   throws  Error (Exit::data): unreadable audio, a line that is none of a label track, a word behind the end
Recording read_recording(const std::filesystem::path& file, const std::vector<std::string>& labels, bool tracks = true);

/// Samples that come as bytes through a pipe: raw 16-bit ones at 16 kHz, low byte first, or a WAV of such.
class SampleStream {
 public:
  /// Takes the next bytes and gives the samples they complete.
  ///   throws  Error (Exit::data): another container, or a WAV of other samples; names the command that converts
  std::vector<std::int16_t> push(std::span<const char> bytes);
  /// Whether what came so far reaches up to the samples.
  [[nodiscard]] bool started() const { return started_; }
  /// Bytes of samples that a WAV has promised and that have not come; 0 where it promised none.
  [[nodiscard]] std::uint64_t missing() const { return left_ == UINT64_MAX ? 0 : left_; }

 private:
  bool take_header();
  std::string kept_;                 ///< not yet samples
  bool started_ = false;             ///< past the header
  std::uint64_t left_ = UINT64_MAX;  ///< bytes of samples that are to come
};

/// How a recording is made of the clips of a split.
struct TestStreamOptions {
  int minutes = 60;
  double keyword_percent = 20.0;
  int pause_ms = 1000;
  double noise_volume = 0.1;
  std::uint64_t seed = 1;
};
template <class Field>
void describe(Field& field, TestStreamOptions& o) {
  field("minutes", o.minutes, 1, 600, "length of the recording made from --data");
  field("keyword_percent", o.keyword_percent, 1.0, 100.0, "share of keywords among its words");
  field("pause_ms", o.pause_ms, 0, 60000, "mean pause between its words, half to one and a half of it");
  field("noise_volume", o.noise_volume, 0.0, 1.0, "largest factor of its background noise, changed every half minute");
  field("seed", o.seed, std::int64_t{0}, std::int64_t{9007199254740991}, "seed of words, pauses and noise");
}

/// A labelled recording of the split's clips, one after the other in random order, each as often as any other of its
/// kind (give or take one), over background noise. Source: TensorFlow's generate_streaming_test_wav.
///   throws  Error (Exit::data) when the split holds no keyword, or a clip cannot be read
Recording make_test_stream(const Corpus& corpus, const LabelSet& labels, Split split, const TestStreamOptions& options,
                           const ReadOptions& read = {});

/// A recording after listening: what is known of it, without the audio.
struct Heard {
  std::string name;
  double seconds = 0.0;
  bool labelled = false;
  std::vector<SpokenWord> words;
  std::vector<SmoothedDecision> decisions;
};

/// What one model made of some recordings.
struct Listening {
  std::string model;                ///< name of the design
  std::vector<std::string> labels;  ///< of the model
  StreamOptions options;
  FeatureOptions features;
  std::vector<Heard> heard;
};
/// Nothing heard yet. throws as stream_options().
///   hop_ms  from decision to decision, as ExportOptions::hop_ms
Listening begin_listening(const Model& model, const DetectorOptions& detector, int hop_ms);
/// Adds one recording, as a stream of its own. throws as Listener::push.
void listen_to(const Recording& recording, const Model& model, int threads, Listening& listening);

/// Seconds from the begin of the audio to the end of a frame; the first is frame 1.
double end_of_frame(const FeatureOptions& features, int frame);

struct Detection {
  double seconds = 0.0;  ///< end of the frame that completed it
  int label = 0;
  double score = 0.0;  ///< mean posterior
  bool found = false;  ///< a spoken word; else, in a labelled recording, a false accept
};

/// A detection finds the first word of its label that nothing has found yet and that sounds then, or ended at most this
/// much before: the posteriors' average comes late.
constexpr double kLateSeconds = 1.0;

/// Detections in one of the recordings, by time.
std::vector<Detection> detections(const Listening& listening, const Heard& heard);

/// What detections in the labelled recordings come to at one threshold.
struct OperatingPoint {
  double threshold = 0.0;
  double hours = 0.0;
  int words = 0;                                   ///< spoken keywords
  int found = 0;                                   ///< of them
  int false_accepts = 0;                           ///< detections that find no word
  [[nodiscard]] double false_reject_rate() const;  ///< share of the words not found; 0 without words
  [[nodiscard]] double false_accepts_per_hour() const;
};
OperatingPoint operating_point(const Listening& listening, double threshold);

/// The smallest threshold in hundredths with at most so many false accepts an hour; 1.0 when none has.
double tune_threshold(const Listening& listening, double false_accepts_per_hour);

/// A threshold in hundredths for each label, so that the most words are found with at most so many false accepts an
/// hour of all labels together: they go to the keywords that gain most by them. Never fewer words than with the
/// threshold for all that tune_threshold() finds.
std::vector<double> tune_thresholds(const Listening& listening, double false_accepts_per_hour);
/// At the listening's own thresholds.
OperatingPoint operating_point(const Listening& listening);

/// schema kwsmith.listen/1: recordings, detections at the listening's threshold, and its operating points.
nlohmann::ordered_json listening_to_json(const Listening& listening);

}  // namespace kws
