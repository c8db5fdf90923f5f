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

/// The layer with a norm for each of `bands` bands; where its map has fewer frequencies, for each of them.
Depthwise2d with_bands(Depthwise2d layer, int bands, Shape input);

/// Takes the coefficients of a frame for channels, for networks of convolutions over time alone; before any layer.
void coefficients_as_channels(Graph& graph);

/// Stacked GRU layers gru1, gru2, ...; only the last one drops the sequence.
void add_grus(Graph& graph, int layers, int cells);

}  // namespace kws
