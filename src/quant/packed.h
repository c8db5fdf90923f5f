#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels.h"
#include "kws/quant/int8_model.h"

namespace kws::int8 {

/// Memory for cells and other numbers of the kernels; the contents of new memory are zero.
class Memory {
 public:
  Memory() = default;
  explicit Memory(std::size_t bytes) : lines_((bytes + sizeof(CacheLine) - 1) / sizeof(CacheLine)) {}
  [[nodiscard]] void* data() { return lines_.data(); }
  [[nodiscard]] const void* data() const { return lines_.data(); }

 private:
  struct alignas(64) CacheLine {
    std::array<std::byte, 64> bytes{};
  };
  std::vector<CacheLine> lines_;
};

inline std::size_t to_size(std::ptrdiff_t count) { return static_cast<std::size_t>(count); }
inline std::size_t cell_bytes(const Kernels& kernels) { return kernels.word == 4 ? 1 : 2; }
inline int blocks_of(const Kernels& kernels, int channels) { return (channels + kernels.cells - 1) / kernels.cells; }
/// Moves a pointer by cells.
inline const void* at_cell(const Kernels& kernels, const void* cells, std::ptrdiff_t count) {
  return static_cast<const std::byte*>(cells) + count * static_cast<std::ptrdiff_t>(cell_bytes(kernels));
}
inline void* at_cell(const Kernels& kernels, void* cells, std::ptrdiff_t count) {
  return static_cast<std::byte*>(cells) + count * static_cast<std::ptrdiff_t>(cell_bytes(kernels));
}
/// Activations to cells and back.
void to_cells(const Kernels& kernels, const std::int8_t* from, std::size_t count, void* cells);
void from_cells(const Kernels& kernels, const void* cells, std::size_t count, std::int8_t* to);
void fill_cells(const Kernels& kernels, void* cells, std::size_t count, int value);

/// The six arrays of a Scaling; what is not set gives 0 for every accumulator.
class PackedScaling {
 public:
  PackedScaling() = default;
  explicit PackedScaling(std::size_t lanes) : lanes_(lanes), values_(6 * lanes) {}
  void set(std::size_t lane, std::int32_t bias, std::int32_t multiplier, int shift);
  [[nodiscard]] Scaling view() const;

 private:
  std::size_t lanes_ = 0;
  std::vector<std::int32_t> values_;
};

/// Weights as they lie in the registers of dot(), with their scaling.
struct PackedProduct {
  int blocks = 0, taps = 0, words = 0;
  Memory weight;
  PackedScaling scaling;
};

/// Rows of `product`, each of `taps` runs of `length` weights. Each of `gates` equal shares of the rows begins a block.
PackedProduct pack_rows(const Kernels& kernels, const Int8Product& product, int gates, int taps, int length);

/// A window of kernel_time x kernel_freq for each channel.
///   weight  [kernel_time][kernel_freq][channels]
PackedProduct pack_windows(const Kernels& kernels, const Int8Product& product, int kernel_time, int kernel_freq);

}  // namespace kws::int8
