#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kws/core/options.h"
#include "kws/core/range.h"
#include "kws/core/rng.h"
#include "kws/families/design.h"
#include "kws/recipe/train_options.h"

namespace kws {

/// Frames of one length at one distance.
struct FrameSize {
  int window_ms = 0, stride_ms = 0;
};

struct FeatureSpace {
  std::string arithmetic = "float";
  int clip_ms = kClipMs;
  double log_mel_share = 0.3;
  IntRange coefficients{10, 40, 2, 1, 64};
  IntRange mel_bins{20, 40, 4, 8, 64};
  IntRange window_ms{20, 40, 5, 10, 64};
  IntRange stride_ms{10, 40, 5, 5, 100};
  IntRange high_hz{4000, 7600, 400, 1000, 8000};
  std::vector<FrameSize> frames = {};  ///< where given, in place of window_ms and stride_ms
};
template <class Field>
void describe(Field& field, FeatureSpace& o) {
  field.optional("arithmetic", o.arithmetic, {"float", "integer"}, "of every front end, see FeatureOptions");
  field.later("clip_ms", o.clip_ms, kClipMs, kShortestClipMs, kLongestClipMs,
              "what every design hears at once, in milliseconds");
  field("log_mel_share", o.log_mel_share, 0.0, 1.0, "share of log-mel front ends; the others are MFCC");
  field.object("coefficients", o.coefficients, "MFCC kept per frame, at most mel_bins");
  field.object("mel_bins", o.mel_bins, "triangular mel filters");
  field.object("window_ms", o.window_ms, "frame length");
  field.object("stride_ms", o.stride_ms, "frame stride, at most the window");
  field.object("high_hz", o.high_hz, "upper edge of the last filter");
}

/// Share of the front ends that are of that kind; all shares add up to 1.
double share_of(const FeatureSpace& space, const std::string& kind);

struct TrainingSpace {
  double peak_rate_low = 2e-3;
  double peak_rate_high = 8e-3;
  int peak_rate_choices = 5;
  // Values to choose from, rising; none: the default of training.
  std::vector<double> weight_decay = {}, mask_ms = {}, mixup = {}, gain_db = {};
};
template <class Field>
void describe(Field& field, TrainingSpace& o) {
  field("peak_rate_low", o.peak_rate_low, 1e-6, 1.0, "smallest peak learning rate");
  field("peak_rate_high", o.peak_rate_high, 1e-6, 1.0, "largest peak learning rate");
  field("peak_rate_choices", o.peak_rate_choices, 1, 1000, "rates between them, in equal ratios");
  field.later("weight_decay", o.weight_decay, 0.0, 1.0, "values of --weight-decay to choose from");
  field.later("mask_ms", o.mask_ms, 0.0, 500.0, "the same of --mask-ms");
  field.later("mixup", o.mixup, 0.0, 1.0, "the same of --mixup");
  field.later("gain_db", o.gain_db, -60.0, 0.0, "the same of --gain-db, whole ones");
}

/// An option of training that the space may choose from a list.
struct TrainingDial {
  const char* name;
  std::vector<double> TrainingSpace::*values;
  double (*get)(const TrainOptions& options);
  void (*set)(TrainOptions& options, double value);
  bool whole = false;  ///< takes whole numbers alone
};
std::span<const TrainingDial> training_dials();

/// The defaults of training where the space allows them, else its first values.
TrainOptions usual_training(const TrainingSpace& space);

/// The ranges of one type's dials, in their order.
struct NetworkSpace {
  std::string type;
  std::vector<Dial> dials;
};

/// The conditional space: type -> structure -> front end -> training. The defaults hold the 21 published networks.
struct Space {
  FeatureSpace features;
  std::vector<NetworkSpace> networks;  ///< one for each row of the families' table
  TrainingSpace training;

  Space();
  /// The dial `name` of a type, both of which there must be.
  IntRange& range(std::string_view type, std::string_view name);
  [[nodiscard]] const NetworkSpace& network(std::string_view type) const;
};

/// The dials whose names begin with `prefix`: what stands before a dot is an object.
struct DialGroup {
  std::string prefix;
  std::vector<Dial>& dials;
};
template <class Field>
void describe(Field& field, DialGroup& o) {
  std::string last;
  for (Dial& dial : o.dials) {
    if (!dial.name.starts_with(o.prefix)) continue;
    const std::string name = dial.name.substr(o.prefix.size());
    const std::string head = name.substr(0, name.find('.'));
    if (head == name) {
      field.object(name.c_str(), dial.range, dial.help.c_str());
    } else if (head != last) {
      DialGroup inner{.prefix = o.prefix + head + ".", .dials = o.dials};
      field.object(head.c_str(), inner, "dials of one part");
    }
    last = head;
  }
}
template <class Field>
void describe(Field& field, Space& o) {
  field.object("features", o.features, "front end");
  for (NetworkSpace& network : o.networks) {
    DialGroup dials{.prefix = "", .dials = network.dials};
    field.object(network.type.c_str(), dials, "a network type");
  }
  field.object("training", o.training, "training parameters");
}

/// Where `space` of a config file lists the numbers of a range, `"mel_bins": [20, 32, 40]` in place of {"low", "high",
/// "step"}, or windows with their strides, `"window_stride_ms": [[30, 10], [40, 20]]` in `features`: takes these lists
/// out of `json` into the space; `describe` reads the rest.
///   throws  Error (Exit::usage), `origin: path: fact; remedy`
void take_space_lists(Json& json, Space& space, const std::string& origin);
/// The inverse: puts the lists in where `describe` has written ranges.
void put_space_lists(Json& json, const Space& space);

/// What `describe` cannot say: low <= high everywhere.
///   throws  Error (Exit::usage), `origin: path: fact; remedy`
void check_space(const Space& space, const std::string& origin);

/// One point of the space.
struct Sample {
  Design design;          ///< name empty; its graph can be built
  TrainOptions training;  ///< peak_rate and training_dials() drawn, the others at their defaults
};

/// Draws a point of one type; the same rng state gives the same point.
///   throws  Error (Exit::usage) when the kernels of the space fit no map of its front ends
Sample sample(const Space& space, std::string_view type, int classes, Rng& rng);

/// Points of one type that sample() can give; a whole number up to 2^53. Two points are one design where a dial is a
/// share of a width that rounding makes equal.
double space_designs(const Space& space, std::string_view type);

}  // namespace kws
