#pragma once

namespace kws {

/// How a training clip is changed before its features are computed. Clips whose seed and these are equal have the same
/// features, so every field counts for the cache of features (FeatureFeed).
struct AugmentOptions {
  double shift_ms = 100.0;
  double noise_share = 0.8;
  double noise_volume = 0.1;
  double speed_percent = 10.0;
  int gain_db = 0;
  int dc_offset = 0;
};

template <class Field>
void describe(Field& field, AugmentOptions& o) {
  field("shift_ms", o.shift_ms, 0.0, 1000.0, "largest time shift of a training clip");
  field("noise_share", o.noise_share, 0.0, 1.0, "share of training clips that get background noise");
  field("noise_volume", o.noise_volume, 0.0, 1.0, "largest factor of the background noise");
  field("speed_percent", o.speed_percent, 0.0, 50.0, "largest change of speed and pitch of a training clip");
  field.later("gain_db", o.gain_db, 0, -60, 0, "lowest gain of a training clip, its noise included; each has its own");
  field.later("dc_offset", o.dc_offset, 0, 0, 4000,
              "largest constant, of 16-bit samples, that is added to a training clip or taken off");
}

}  // namespace kws
