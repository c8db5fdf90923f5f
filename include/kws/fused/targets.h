#pragma once

#include <span>
#include <vector>

namespace kws {

/// What a training step wants of its clips: for each a share of every class, which add up to 1.
///   labels     [clips]
///   smoothing  share of the target spread over all classes
///   returns    [clips][classes]
inline std::vector<double> smoothed_targets(std::span<const int> labels, int classes, double smoothing) {
  const double spread = smoothing / classes;
  std::vector<double> targets(labels.size() * static_cast<std::size_t>(classes), spread);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    targets[i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(labels[i])] = spread + (1.0 - smoothing);
  }
  return targets;
}

}  // namespace kws
