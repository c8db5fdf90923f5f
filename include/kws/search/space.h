#pragma once

#include <string_view>

#include "kws/core/options.h"
#include "kws/core/rng.h"
#include "kws/families/design.h"
#include "kws/train/options.h"

namespace kws {

/// The numbers low, low + step, ... that are at most high. `least` and `most` bound what a config file may ask for.
struct IntRange {
  int low = 1, high = 1, step = 1;
  int least = 1, most = 1024;
  /// Log-uniform, because what matters of a size is its ratio to others; nothing above `ceiling` (>= low).
  [[nodiscard]] int draw(Rng& rng, int ceiling) const;
  [[nodiscard]] int draw(Rng& rng) const { return draw(rng, high); }
};
template <class Field>
void describe(Field& field, IntRange& o) {
  field("low", o.low, o.least, o.most, "smallest value");
  field("high", o.high, o.least, o.most, "largest value");
  field("step", o.step, 1, 1000, "distance of neighbouring values");
}

struct FeatureSpace {
  std::string arithmetic = "float";
  double log_mel_share = 0.3;
  IntRange coefficients{10, 40, 2, 1, 64};
  IntRange mel_bins{20, 40, 4, 8, 64};
  IntRange window_ms{20, 40, 5, 10, 64};
  IntRange stride_ms{10, 40, 5, 5, 100};
  IntRange high_hz{4000, 7600, 400, 1000, 8000};
};
template <class Field>
void describe(Field& field, FeatureSpace& o) {
  field.optional("arithmetic", o.arithmetic, {"float", "integer"}, "of every front end, see FeatureOptions");
  field("log_mel_share", o.log_mel_share, 0.0, 1.0, "share of log-mel front ends; the others are MFCC");
  field.object("coefficients", o.coefficients, "MFCC kept per frame, at most mel_bins");
  field.object("mel_bins", o.mel_bins, "triangular mel filters");
  field.object("window_ms", o.window_ms, "frame length");
  field.object("stride_ms", o.stride_ms, "frame stride, at most the window");
  field.object("high_hz", o.high_hz, "upper edge of the last filter");
}

/// One convolution; a kernel is never drawn larger than the map it reads.
struct ConvSpace {
  IntRange filters;
  IntRange kernel_time{4, 20, 1, 1, 64};
  IntRange kernel_freq{4, 10, 1, 1, 64};
  IntRange stride_time{1, 2, 1, 1, 16};
  IntRange stride_freq{1, 2, 1, 1, 16};
};
template <class Field>
void describe(Field& field, ConvSpace& o) {
  field.object("filters", o.filters, "output channels");
  field.object("kernel_time", o.kernel_time, "frames of a kernel");
  field.object("kernel_freq", o.kernel_freq, "coefficients of a kernel");
  field.object("stride_time", o.stride_time, "frames of a step");
  field.object("stride_freq", o.stride_freq, "coefficients of a step");
}

struct DnnSpace {
  IntRange layers{1, 4};
  IntRange width{32, 512, 4};
};
template <class Field>
void describe(Field& field, DnnSpace& o) {
  field.object("layers", o.layers, "hidden layers");
  field.object("width", o.width, "units of one hidden layer; each layer draws its own");
}

struct CnnSpace {
  ConvSpace conv{.filters = {16, 128, 2}};
  IntRange linear{16, 64, 2};
  IntRange fc{64, 256, 4};
};
template <class Field>
void describe(Field& field, CnnSpace& o) {
  field.object("conv", o.conv, "each of the two convolutions");
  field.object("linear", o.linear, "units of the low-rank layer");
  field.object("fc", o.fc, "units of the fully connected layer");
}

struct BasicLstmSpace {
  IntRange cells{32, 400, 2};
};
template <class Field>
void describe(Field& field, BasicLstmSpace& o) {
  field.object("cells", o.cells, "memory cells");
}

struct LstmSpace {
  IntRange cells{32, 512, 4};
  IntRange projection{16, 200, 2};
};
template <class Field>
void describe(Field& field, LstmSpace& o) {
  field.object("cells", o.cells, "memory cells");
  field.object("projection", o.projection, "projected outputs, fewer than the cells");
}

struct GruSpace {
  IntRange layers{1, 2, 1, 1, 4};
  IntRange cells{32, 400, 2};
};
template <class Field>
void describe(Field& field, GruSpace& o) {
  field.object("layers", o.layers, "stacked layers");
  field.object("cells", o.cells, "cells of every layer");
}

struct CrnnSpace {
  ConvSpace conv{.filters = {16, 160, 4}};
  IntRange gru_layers{1, 2, 1, 1, 4};
  IntRange cells{16, 160, 2};
  IntRange fc{32, 200, 4};
};
template <class Field>
void describe(Field& field, CrnnSpace& o) {
  field.object("conv", o.conv, "the convolution");
  field.object("gru_layers", o.gru_layers, "stacked recurrent layers");
  field.object("cells", o.cells, "cells of every recurrent layer");
  field.object("fc", o.fc, "units of the fully connected layer");
}

struct DsCnnSpace {
  ConvSpace conv{.filters = {16, 300, 4}};
  IntRange blocks{2, 6, 1, 1, 16};
  IntRange block_percent{75, 125, 25, 25, 400};
  IntRange block_kernel{3, 5, 2, 1, 16};
  IntRange first_block_stride{1, 2, 1, 1, 4};
};
template <class Field>
void describe(Field& field, DsCnnSpace& o) {
  field.object("conv", o.conv, "the first, ordinary convolution");
  field.object("blocks", o.blocks, "depthwise + pointwise pairs");
  field.object("block_percent", o.block_percent, "filters of the blocks, per cent of the first convolution's");
  field.object("block_kernel", o.block_kernel, "depthwise kernel, square");
  field.object("first_block_stride", o.first_block_stride, "stride of the first block, both directions");
}

struct TrainingSpace {
  double peak_rate_low = 2e-3;
  double peak_rate_high = 8e-3;
  int peak_rate_choices = 5;
};
template <class Field>
void describe(Field& field, TrainingSpace& o) {
  field("peak_rate_low", o.peak_rate_low, 1e-6, 1.0, "smallest peak learning rate");
  field("peak_rate_high", o.peak_rate_high, 1e-6, 1.0, "largest peak learning rate");
  field("peak_rate_choices", o.peak_rate_choices, 1, 1000, "rates between them, in equal ratios");
}

/// The conditional space: type -> structure -> front end -> training. The defaults hold the 21 published networks.
struct Space {
  FeatureSpace features;
  DnnSpace dnn;
  CnnSpace cnn;
  BasicLstmSpace basic_lstm;
  LstmSpace lstm;
  GruSpace gru;
  CrnnSpace crnn;
  DsCnnSpace ds_cnn;
  TrainingSpace training;
};
template <class Field>
void describe(Field& field, Space& o) {
  field.object("features", o.features, "front end");
  field.object("dnn", o.dnn, "type dnn");
  field.object("cnn", o.cnn, "type cnn");
  field.object("basic_lstm", o.basic_lstm, "type basic_lstm");
  field.object("lstm", o.lstm, "type lstm");
  field.object("gru", o.gru, "type gru");
  field.object("crnn", o.crnn, "type crnn");
  field.object("ds_cnn", o.ds_cnn, "type ds_cnn");
  field.object("training", o.training, "training parameters");
}

/// What `describe` cannot say: low <= high everywhere.
///   throws  Error (Exit::usage), `origin: path: fact; remedy`
void check_space(const Space& space, const std::string& origin);

/// One point of the space.
struct Sample {
  Design design;          ///< name empty; its graph can be built
  TrainOptions training;  ///< peak_rate drawn, the others at their defaults
};

/// Draws a point of one type; the same rng state gives the same point.
///   throws  Error (Exit::usage) when the kernels of the space fit no map of its front ends
Sample sample(const Space& space, std::string_view type, int classes, Rng& rng);

/// Designs of one type that sample() can give, all of them different; a whole number up to 2^53.
double space_designs(const Space& space, std::string_view type);

}  // namespace kws
