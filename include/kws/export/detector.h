#pragma once

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

}  // namespace kws
