#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kws/core/isa.h"
#include "kws/quant/int8_model.h"

namespace kws {

/// An int8 network made ready for many clips: weights packed for one instruction set, copied from the model.
/// Every set gives the same bytes, those of the exported C. Isa::avx512 is of use where the CPU also has VNNI.
class Int8Engine {
 public:
  /// isa  one that this CPU supports
  explicit Int8Engine(const Int8Model& model, Isa isa = best_isa());
  ~Int8Engine();
  Int8Engine(Int8Engine&&) noexcept;
  Int8Engine& operator=(Int8Engine&&) noexcept;

  /// As run_int8(). Any number of threads may call this on one engine; each call has its own working memory, made ready
  /// in about the time of one clip, so give it many.
  void run(std::span<const std::int8_t> features, std::span<std::int8_t> logits,
           const LayerObserver& each_layer = {}) const;

  /// What the recurrent layers of a network have heard of a stream; of engines for one instruction set, whatever their
  /// number of time steps. Empty at a stream's begin.
  using State = std::vector<std::vector<std::byte>>;
  /// One piece of a stream, as if it were the end of an input that holds all pieces so far: of networks with state, see
  /// plan_carried().
  ///   features  [input elements];  logits  [classes]
  void run_on(std::span<const std::int8_t> features, std::span<std::int8_t> logits, State& state) const;

 private:
  struct Network;
  std::unique_ptr<const Network> network_;
};

}  // namespace kws
