#include "packed.h"

#include <algorithm>

namespace kws::int8 {

void to_cells(const Kernels& kernels, const std::int8_t* from, std::size_t count, void* cells) {
  if (kernels.word == 4) {
    std::transform(from, from + count, static_cast<std::uint8_t*>(cells),
                   [](std::int8_t q) { return static_cast<std::uint8_t>(q + 128); });
  } else {
    std::copy_n(from, count, static_cast<std::int16_t*>(cells));
  }
}

void from_cells(const Kernels& kernels, const void* cells, std::size_t count, std::int8_t* to) {
  if (kernels.word == 4) {
    const auto* from = static_cast<const std::uint8_t*>(cells);
    std::transform(from, from + count, to, [](std::uint8_t cell) { return static_cast<std::int8_t>(cell - 128); });
  } else {
    const auto* from = static_cast<const std::int16_t*>(cells);
    std::transform(from, from + count, to, [](std::int16_t cell) { return static_cast<std::int8_t>(cell); });
  }
}

void fill_cells(const Kernels& kernels, void* cells, std::size_t count, int value) {
  if (kernels.word == 4) {
    std::fill_n(static_cast<std::uint8_t*>(cells), count, static_cast<std::uint8_t>(value + 128));
  } else {
    std::fill_n(static_cast<std::int16_t*>(cells), count, static_cast<std::int16_t>(value));
  }
}

void PackedScaling::set(std::size_t lane, std::int32_t bias, std::int32_t multiplier, int shift) {
  const int right = std::max(-shift, 0);
  const std::array<std::int32_t, 6> row = {
      bias, multiplier, std::max(shift, 0), right, right > 0 ? std::int32_t{1} << (right - 1) : 0, right > 0 ? -1 : 0};
  for (std::size_t i = 0; i < row.size(); ++i) values_[i * lanes_ + lane] = row[i];
}

Scaling PackedScaling::view() const {
  const std::int32_t* first = values_.data();
  return {.bias = first,
          .multiplier = first + lanes_,
          .left = first + 2 * lanes_,
          .right = first + 3 * lanes_,
          .half = first + 4 * lanes_,
          .away = first + 5 * lanes_};
}

namespace {

/// Writes weights register by register and keeps their sums, which bytes with 128 too much need.
class Packer {
 public:
  Packer(const Kernels& kernels, PackedProduct& to, std::size_t registers) : kernels_(kernels), to_(to) {
    const auto lanes = to_size(to.blocks * kernels.cells);
    to.weight = Memory(registers * to_size(kernels.cells) * cell_bytes(kernels));
    to.scaling = PackedScaling(lanes);
  }

  void weight(std::size_t reg, int lane, int j, std::int8_t value) {
    const std::size_t at = reg * to_size(kernels_.cells) + to_size(lane * kernels_.word + j);
    if (kernels_.word == 4) {
      static_cast<std::int8_t*>(to_.weight.data())[at] = value;
    } else {
      static_cast<std::int16_t*>(to_.weight.data())[at] = value;
    }
    sum_ += value;
  }

  /// After the weights of that row.
  void finish(int block, int v, int lane, const Int8Product& product, std::size_t row) {
    const std::int32_t excess = kernels_.word == 4 ? 128 * sum_ : 0;
    to_.scaling.set(to_size((block * kernels_.word + v) * kernels_.lanes() + lane), product.bias[row] - excess,
                    product.multiplier[row], product.shift[row]);
    sum_ = 0;
  }

 private:
  const Kernels& kernels_;
  PackedProduct& to_;
  std::int32_t sum_ = 0;
};

}  // namespace

PackedProduct pack_rows(const Kernels& kernels, const Int8Product& product, int gates, int taps, int length) {
  const int rows = static_cast<int>(product.multiplier.size()) / gates;
  const int gate_blocks = blocks_of(kernels, rows);
  PackedProduct packed{.blocks = gates * gate_blocks,
                       .taps = taps,
                       .words = (length + kernels.word - 1) / kernels.word,
                       .weight = {},
                       .scaling = {}};
  Packer packer(kernels, packed, to_size(packed.blocks * taps * packed.words * kernels.word));
  for (int block = 0; block < packed.blocks; ++block) {
    for (int v = 0; v < kernels.word; ++v) {
      for (int lane = 0; lane < kernels.lanes(); ++lane) {
        const int channel = block % gate_blocks * kernels.cells + kernels.lane_channel(v, lane);
        if (channel >= rows) continue;
        const auto row = to_size(block / gate_blocks * rows + channel);
        const std::int8_t* weight = product.weight.data() + row * to_size(taps * length);
        for (int tap = 0; tap < taps; ++tap) {
          for (int i = 0; i < length; ++i) {
            const int word = (block * taps + tap) * packed.words + i / kernels.word;
            packer.weight(to_size(word * kernels.word + v), lane, i % kernels.word, weight[tap * length + i]);
          }
        }
        packer.finish(block, v, lane, product, row);
      }
    }
  }
  return packed;
}

PackedProduct pack_windows(const Kernels& kernels, const Int8Product& product, int kernel_time, int kernel_freq) {
  const int channels = static_cast<int>(product.multiplier.size());
  const int groups = (kernel_time + kernels.word - 1) / kernels.word;
  PackedProduct packed{
      .blocks = blocks_of(kernels, channels), .taps = kernel_freq, .words = groups, .weight = {}, .scaling = {}};
  Packer packer(kernels, packed, to_size(packed.blocks * kernel_freq * groups * kernels.word));
  for (int block = 0; block < packed.blocks; ++block) {
    for (int v = 0; v < kernels.word; ++v) {
      for (int lane = 0; lane < kernels.lanes(); ++lane) {
        const int channel = block * kernels.cells + kernels.lane_channel(v, lane);
        if (channel >= channels) continue;
        for (int kt = 0; kt < kernel_time; ++kt) {
          for (int kf = 0; kf < kernel_freq; ++kf) {
            const int word = (block * kernel_freq + kf) * groups + kt / kernels.word;
            packer.weight(to_size(word * kernels.word + v), lane, kt % kernels.word,
                          product.weight[to_size((kt * kernel_freq + kf) * channels + channel)]);
          }
        }
        packer.finish(block, v, lane, product, to_size(channel));
      }
    }
  }
  return packed;
}

}  // namespace kws::int8
