#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "kws/search/space.h"
#include "space_map.h"

// Counts what space.cpp draws, draw by draw.

namespace kws {
namespace {

std::vector<int> values(const IntRange& range, int ceiling) {
  std::vector<int> list;
  for (int value = range.low; value <= std::min(range.high, ceiling); value += range.step) list.push_back(value);
  return list;
}
std::vector<int> values(const IntRange& range) { return values(range, range.high); }
double count(const IntRange& range, int ceiling) { return static_cast<double>(values(range, ceiling).size()); }
double count(const IntRange& range) { return count(range, range.high); }

using MapCounts = std::map<std::pair<int, int>, double>;  ///< front ends that give [frames, coefficients]

MapCounts front_ends(const FeatureSpace& space) {
  MapCounts counts;
  const double edges = count(space.high_hz);
  for (const int window : values(space.window_ms)) {
    for (const int stride : values(space.stride_ms, std::max(space.stride_ms.low, window))) {
      const int frames = frame_count({.window_ms = window, .stride_ms = stride});
      for (const int bins : values(space.mel_bins)) {
        if (space.log_mel_share > 0.0) counts[{frames, bins}] += edges;
        if (space.log_mel_share >= 1.0) continue;
        std::set<int> kept;
        for (const int coefficients : values(space.coefficients, std::max(space.coefficients.low, bins))) {
          kept.insert(std::min(coefficients, bins));
        }
        for (const int coefficients : kept) counts[{frames, coefficients}] += edges;
      }
    }
  }
  return counts;
}

/// Kernels and strides; filters count apart.
double windows(const ConvSpace& space, Extent map) {
  return count(space.kernel_time, map.time) * count(space.kernel_freq, map.freq) * count(space.stride_time) *
         count(space.stride_freq);
}

double networks(const DnnSpace& space, Extent) {
  double sum = 0.0;
  for (const int layers : values(space.layers)) sum += std::pow(count(space.width), layers);
  return sum;
}

double networks(const CnnSpace& space, Extent map) {
  double pairs = 0.0;
  ConvOptions first;
  for (const int time : values(space.conv.kernel_time, map.time)) {
    for (const int freq : values(space.conv.kernel_freq, map.freq)) {
      for (const int time_step : values(space.conv.stride_time)) {
        for (const int freq_step : values(space.conv.stride_freq)) {
          first.kernel = {time, freq};
          first.stride = {time_step, freq_step};
          pairs += windows(space.conv, map_after(first, map));
        }
      }
    }
  }
  return pairs * count(space.conv.filters) * count(space.conv.filters) * count(space.linear) * count(space.fc);
}

double networks(const BasicLstmSpace& space, Extent) { return count(space.cells); }

double networks(const LstmSpace& space, Extent) {
  double sum = 0.0;
  for (const int cells : values(space.cells)) sum += count(space.projection, cells - 1);
  return sum;
}

double networks(const GruSpace& space, Extent) { return count(space.layers) * count(space.cells); }

double networks(const CrnnSpace& space, Extent map) {
  return windows(space.conv, map) * count(space.conv.filters) * count(space.gru_layers) * count(space.cells) *
         count(space.fc);
}

double networks(const DsCnnSpace& space, Extent map) {
  double widths = 0.0;  // rounding makes some of them equal
  for (const int filters : values(space.conv.filters)) {
    std::set<int> block_filters;
    for (const int percent : values(space.block_percent)) {
      block_filters.insert(std::clamp(filters * percent / 100, 1, 1024));
    }
    widths += static_cast<double>(block_filters.size());
  }
  return windows(space.conv, map) * widths * count(space.blocks) * count(space.block_kernel) *
         count(space.first_block_stride);
}

double networks(const Space& space, std::string_view type, Extent map) {
  if (type == "dnn") return networks(space.dnn, map);
  if (type == "cnn") return networks(space.cnn, map);
  if (type == "basic_lstm") return networks(space.basic_lstm, map);
  if (type == "lstm") return networks(space.lstm, map);
  if (type == "gru") return networks(space.gru, map);
  if (type == "crnn") return networks(space.crnn, map);
  return networks(space.ds_cnn, map);
}

}  // namespace

double space_designs(const Space& space, std::string_view type) {
  double sum = 0.0;
  for (const auto& [map, front_end_count] : front_ends(space.features)) {
    sum += front_end_count * networks(space, type, {map.first, map.second});
  }
  return sum;
}

}  // namespace kws
