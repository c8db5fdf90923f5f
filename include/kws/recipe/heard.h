#pragma once

namespace kws {

/// What `listen --tune` measured of a model on labelled streams, at the thresholds that it stored.
struct HeardTotals {
  double hours = 0.0;
  int words = 0;
  int found = 0;
  int false_accepts = 0;
};

template <class Field>
void describe(Field& field, HeardTotals& o) {
  constexpr int kMost = 1000000000;
  field("hours", o.hours, 1e-6, 1e9, "of labelled streams");
  field("words", o.words, 1, kMost, "keywords spoken in them");
  field("found", o.found, 0, o.words, "of these, keywords detected");
  field("false_accepts", o.false_accepts, 0, kMost, "detections where no keyword was spoken");
}

}  // namespace kws
