#pragma once

#include <cstdint>

namespace kws {

/// One stream of random numbers per purpose of a search, so that none shifts another.
enum Stream : std::uint64_t {
  kProposals = 1,
  kTraining = 2,
  kProbes = 3,
  kShares = 4,
  kData = 5,
  kStrategies = 6,
  kOrder = 7
};

}  // namespace kws
