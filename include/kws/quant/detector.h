#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kws/features/front_end.h"

namespace kws {

/// How the exported detector turns posteriors into detections; part of the model once tuned on validation data.
/// Source of the defaults: TensorFlow's streaming test of speech commands (threshold), a spoken word's length (times).
struct DetectorOptions {
  int smoothing_ms = 300;
  double threshold = 0.7;
  int refractory_ms = 1000;
  int minimum = 0;
  double release = 0.0;
  bool carry_state = false;
  std::vector<double> thresholds = {};  ///< [labels], in place of `threshold`; empty: that one for all
};

/// A state that is carried on may keep its word until another sound comes.
inline constexpr double kCarriedRelease = 0.5;
template <class Field>
void describe(Field& field, DetectorOptions& o) {
  field("smoothing_ms", o.smoothing_ms, 0, 5000, "time over which posteriors are averaged");
  field("threshold", o.threshold, 0.0, 1.0, "smallest mean posterior of a detection");
  field("refractory_ms", o.refractory_ms, 0, 60000, "time from one detection to the next at least");
  field("minimum", o.minimum, 0, 1000, "decisions to average before the first detection; 0: all that are averaged");
  field("release", o.release, 0.0, 1.0,
        "mean posterior that a detected keyword must fall below before it is detected again; 0: it need not, with "
        "carry_state 0.5");
  field("carry_state", o.carry_state,
        "gru, lstm, basic_lstm, crnn: the state of recurrent layers carried on from the stream's begin, in place of a "
        "window a "
        "decision");
}

/// Whether a label is spoken for: neither silence nor other words, whose names begin with '_'.
bool is_keyword(const std::string& label);

/// exp(-d * scale) in Q15 for d = 0, 1, ... as far as it is not zero; at most 256 values.
std::vector<std::uint16_t> exp_table(double scale);

/// Softmax of int8 logits in Q15 by exp_table(logit scale), as the exported detector computes it.
std::vector<std::int64_t> posteriors(std::span<const std::int8_t> logits, const std::vector<std::uint16_t>& table);

/// Raises the threshold until the network, hearing each clip once, would detect a keyword in at most the share
/// `false_accepts` of the clips that hold none (labels that begin with '_'), or to 1, which may not be enough where it is
/// wholly sure of more of them. Without such clips nothing changes.
///   logits  [clips][labels] of the int8 network, truth [clips]; of data the network was not trained on
DetectorOptions tune_detector(DetectorOptions options, double false_accepts, std::span<const std::int8_t> logits,
                              std::span<const int> truth, const std::vector<std::string>& labels, double logit_scale);

/// A detector in the integers of the exported one, the constants of PREFIX_detect.h.
struct StreamOptions {
  int hop_frames = 1;
  int smoothing_ms = 0;
  int threshold = 0;  ///< Q15
  int refractory_ms = 0;
  int minimum = 0;                   ///< decisions held before a detection
  int release = 0;                   ///< Q15
  std::vector<int> thresholds = {};  ///< Q15 [labels], in place of `threshold`; empty: that one
  [[nodiscard]] int threshold_of(int label) const {
    return thresholds.empty() ? threshold : thresholds.at(static_cast<std::size_t>(label));
  }
  bool continuous = false;  ///< recurrent networks: the state is carried on from the stream's begin (carry_state)
};
/// hop_ms 0: the largest whole number of strides within 100 ms.
///   throws  Error (Exit::usage) when an option is out of range
StreamOptions stream_options(const FrontEnd& front_end, const DetectorOptions& detector, int hop_ms);
/// A threshold in 0..1 as Q15.
int threshold_q15(double threshold);
/// And back.
double threshold_of_q15(int q15);

/// Decisions that are averaged.
int smoothing_decisions(const StreamOptions& options, const FeatureOptions& features);

/// What one decision of a stream says once posteriors are averaged.
struct SmoothedDecision {
  int frame = 0;  ///< of the stream, from 1: the last one that the network saw
  int label = 0;  ///< the first with the largest mean posterior
  int score = 0;  ///< that mean, Q15
  int held = 0;   ///< decisions it is the mean of
  friend bool operator==(const SmoothedDecision&, const SmoothedDecision&) = default;
};

/// Averages the posteriors of the last decisions of one stream.
class PosteriorSmoother {
 public:
  ///   logit_scale  of the network's last layer;  decisions  that are averaged, fewer at the stream's begin
  PosteriorSmoother(double logit_scale, int decisions)
      : table_(exp_table(logit_scale)), decisions_(static_cast<std::size_t>(decisions)) {}
  /// logits [classes] of the decision after `frame`
  SmoothedDecision push(std::span<const std::int8_t> logits, int frame);

 private:
  std::vector<std::uint16_t> table_;
  std::size_t decisions_;
  std::vector<std::vector<std::int64_t>> last_;  ///< posteriors, a ring of `decisions_`
  std::size_t next_ = 0;
};

/// Tells which decisions of one stream are detections: a keyword, sure enough, not too soon after the last one and,
/// where it was the last one, heard to end since.
class DetectionGate {
 public:
  DetectionGate(const std::vector<std::string>& labels, const StreamOptions& options, int stride_ms);
  /// Decisions come in the stream's order.
  bool detects(const SmoothedDecision& decision);

 private:
  std::vector<bool> keyword_;  ///< [labels]
  StreamOptions options_;
  std::int64_t stride_ms_;
  int last_ = -1;     ///< frame of the last detection
  int pressed_ = -1;  ///< the keyword that has yet to fall below options_.release
};

}  // namespace kws
