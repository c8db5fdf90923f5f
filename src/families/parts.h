#pragma once

#include <string>
#include <vector>

#include "kws/families/network.h"

// What several families share.
namespace kws {

/// One convolution of a design: [time, frequency] order in kernel and stride.
struct ConvOptions {
  int filters = 0;
  Extent kernel, stride;
};
template <class Field>
void describe(Field& field, ConvOptions& o) {
  field("filters", o.filters, 1, 1024, "output channels");
  field("kernel", o.kernel, 1, 64, "[time, frequency]");
  field("stride", o.stride, 1, 16, "[time, frequency]");
}

/// The directions in which later dials depend on the map that a convolution leaves.
struct Shaping {
  bool time = false, freq = false;
};
/// The dials "conv.filters", "conv.kernel_time", ... of one convolution; a kernel is never chosen larger than the map
/// it reads.
///   returns false when no kernel fits
bool choose_conv(Dials& dial, ConvOptions& o, Extent map, const IntRange& filters, Shaping shapes = {});

/// Map that a convolution leaves.
Extent map_after(const ConvOptions& conv, Extent map, Paddings padding = Padding::valid);

/// `percent` of a width, as a number of channels.
int channels_of(int width, int percent);
/// The percentage that makes a design's widths: of several the roundest, which a dial most likely was set to; where
/// none does, the nearest.
///   makes  whether a percentage gives these widths
template <class Makes>
int percentage(int nearest, const Makes& makes) {
  constexpr int kFar = 20, kMost = 1000;
  const auto gives = [&](int percent) { return percent > 0 && percent <= kMost && makes(percent); };
  for (int away = 0; away <= kFar; ++away) {
    for (const int found : {nearest - away, nearest + away}) {
      if (!gives(found)) continue;
      int low = found, high = found;
      while (gives(low - 1)) --low;
      while (gives(high + 1)) ++high;
      for (const int grid : {25, 10, 5}) {
        if (const int round = high / grid * grid; round >= low) return round;
      }
      return found;
    }
  }
  return nearest;
}
/// What share of `width` has so many channels.
int percentage_of(int channels, int width);

// Options that came after the paper's networks, which are without them. A search takes them where its space file widens
// their dials.
constexpr IntRange kOff{0, 0, 1, 0, 1};  ///< of a switch or a choice: the first alone
constexpr IntRange kBands{1, 1, 1, 1, 10};
constexpr const char* kResidualHelp = "adds the input of a part to its output, where their shapes agree";
constexpr const char* kBandsHelp = "bands of a sub-spectral norm, as many as there are frequencies; 1: none";
constexpr const char* kPaddingHelp = "of convolutions in time";
/// Of a network that pads unless told.
inline const std::vector<std::string> kTimePaddings = {"same", "valid"};
inline Paddings padding_in_time(const std::string& word) {
  return {word == kTimePaddings.front() ? Padding::same : Padding::valid, Padding::same};
}

/// Whether the input of a part may be added to its output: their shapes agree, or but for the frames that windows
/// without padding, one frame apart, leave out at both ends.
bool may_skip(const Shape& in, const Shape& out, int stride_time);

/// The layer with a norm for each of `bands` bands; where its map has fewer frequencies, for each of them.
Depthwise2d with_bands(Depthwise2d layer, int bands, Shape input);

/// Takes the coefficients of a frame for channels, for networks of convolutions over time alone; before any layer.
void coefficients_as_channels(Graph& graph);

/// Stacked GRU layers gru1, gru2, ...; only the last one drops the sequence.
void add_grus(Graph& graph, int layers, int cells);

}  // namespace kws
