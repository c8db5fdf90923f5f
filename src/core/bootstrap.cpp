#include "kws/core/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "kws/core/rng.h"

namespace kws {

double accuracy_error(std::span<const unsigned char> right, std::span<const int> groups) {
  constexpr int kDraws = 1000;
  constexpr std::uint64_t kSeed = 1993;
  struct Count {
    int right = 0, clips = 0;
  };
  Count fixed;
  std::vector<Count> counts;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto group = static_cast<std::size_t>(groups[i]);
    if (groups[i] != kFixedGroup && group >= counts.size()) counts.resize(group + 1);
    Count& count = groups[i] == kFixedGroup ? fixed : counts[group];
    count.right += right[i] != 0 ? 1 : 0;
    ++count.clips;
  }
  if (counts.size() == 1 && counts[0].clips > 1) {
    std::vector<int> each(groups.begin(), groups.end());
    int clips = 0;
    for (int& group : each) group = group == kFixedGroup ? kFixedGroup : clips++;
    return accuracy_error(right, each);
  }
  Count all;
  for (const Count& count : counts) {
    all.right += count.right;
    all.clips += count.clips;
  }
  if (all.clips == 0) return 0.0;
  if (all.right == 0 || all.right == all.clips) {
    const auto groups_drawn = static_cast<double>(counts.size());
    const double other = 1.0 / (groups_drawn + 2.0);
    return std::sqrt(other * (1.0 - other) / groups_drawn) * all.clips / (all.clips + fixed.clips);
  }
  Rng rng({kSeed});
  double sum = 0.0, squares = 0.0;
  for (int draw = 0; draw < kDraws; ++draw) {
    Count drawn = fixed;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const Count& count = counts[static_cast<std::size_t>(rng.below(counts.size()))];
      drawn.right += count.right;
      drawn.clips += count.clips;
    }
    const double accuracy = static_cast<double>(drawn.right) / static_cast<double>(std::max(drawn.clips, 1));
    sum += accuracy;
    squares += accuracy * accuracy;
  }
  const double mean = sum / kDraws;
  return std::sqrt(std::max(squares / kDraws - mean * mean, 0.0));
}

}  // namespace kws
