#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kws {

/// How the exported detector turns posteriors into detections; part of the model once tuned on validation data.
/// Source of the defaults: TensorFlow's streaming test of speech commands (threshold), a spoken word's length (times).
struct DetectorOptions {
  int smoothing_ms = 300;
  double threshold = 0.7;
  int refractory_ms = 1000;
};

template <class Field>
void describe(Field& field, DetectorOptions& o) {
  field("smoothing_ms", o.smoothing_ms, 0, 5000, "time over which posteriors are averaged");
  field("threshold", o.threshold, 0.0, 1.0, "smallest mean posterior of a detection");
  field("refractory_ms", o.refractory_ms, 0, 60000, "time from one detection to the next at least");
}

/// exp(-d * scale) in Q15 for d = 0, 1, ... as far as it is not zero; at most 256 values.
std::vector<std::uint16_t> exp_table(double scale);

/// Softmax of int8 logits in Q15 by exp_table(logit scale), as the exported detector computes it.
std::vector<std::int64_t> posteriors(std::span<const std::int8_t> logits, const std::vector<std::uint16_t>& table);

/// Raises the threshold until the network, hearing each clip once, would detect a keyword in at most the share
/// `false_accepts` of the clips that hold none (labels that begin with '_'). Without such clips nothing changes.
///   logits  [clips][labels] of the int8 network, truth [clips]; of data the network was not trained on
DetectorOptions tune_detector(DetectorOptions options, double false_accepts, std::span<const std::int8_t> logits,
                              std::span<const int> truth, const std::vector<std::string>& labels, double logit_scale);

}  // namespace kws
