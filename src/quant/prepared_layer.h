#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "kernels.h"
#include "kws/quant/int8_model.h"

namespace kws::int8 {

/// How an activation lies in memory, for one clip: cells [top + time + bottom][left + freq + right][step]. The borders
/// hold the zero point that padding reads, as much as any layer that reads the activation wants, so kernels never ask
/// where they are.
struct Plane {
  Shape shape;
  int top = 0, bottom = 0, left = 0, right = 0;
  int step = 0;  ///< cells from one position to the next: whole blocks, but for the features, which lie close
  int zero_point = 0;
  [[nodiscard]] int row_step() const { return (left + shape.freq + right) * step; }
  [[nodiscard]] int offset(int t, int f) const { return (top + t) * row_step() + (left + f) * step; }
  [[nodiscard]] int size() const { return (top + shape.time + bottom) * row_step(); }
};

/// Widens the borders of a plane that `layer` reads to what it wants of them.
void widen_borders(Plane& plane, const Int8Layer& reader);

/// Where a layer reads and writes.
struct LayerPlanes {
  Plane in, second, out;  ///< second: of an Add
};

/// Clips of one call; planes of neighbouring clips lie side by side.
struct LayerRun {
  const void* in;
  const void* second;
  void* out;
  void* scratch;  ///< scratch_bytes()
  int clips;
  /// Of a recurrent layer that hears one stream: what its last run has left, empty at the begin; null: a whole clip.
  std::vector<std::byte>* state = nullptr;
};

/// One layer ready to run; may run on several threads at once.
class PreparedLayer {
 public:
  virtual ~PreparedLayer() = default;
  [[nodiscard]] virtual std::size_t scratch_bytes() const { return 0; }
  virtual void run(const LayerRun& run) const = 0;
};

/// clips: the most that one run will bring
std::unique_ptr<PreparedLayer> prepare_layer(const Kernels& kernels, const Int8Layer& layer, const LayerPlanes& planes,
                                             int clips);
/// The same for recurrent cells.
std::unique_ptr<PreparedLayer> prepare_gru(const Kernels& kernels, const Int8Layer& layer, const Gru& op,
                                           const Plane& in, const Plane& out, int clips);
std::unique_ptr<PreparedLayer> prepare_lstm(const Kernels& kernels, const Int8Layer& layer, const Lstm& op,
                                            const Plane& in, const Plane& out, int clips);

}  // namespace kws::int8
