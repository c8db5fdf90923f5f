#pragma once

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

/// The dials "conv.filters", "conv.kernel_time", ... of one convolution; a kernel is never chosen larger than the map
/// it reads.
///   shapes  later dials depend on the map that it leaves
///   returns false when no kernel fits
bool choose_conv(Dials& dial, ConvOptions& o, Extent map, const IntRange& filters, bool shapes = false);

/// Map that a convolution without padding leaves.
Extent map_after(const ConvOptions& conv, Extent map);

/// Takes the coefficients of a frame for channels, for networks of convolutions over time alone; before any layer.
void coefficients_as_channels(Graph& graph);

/// Stacked GRU layers gru1, gru2, ...; only the last one drops the sequence.
void add_grus(Graph& graph, int layers, int cells);

}  // namespace kws
