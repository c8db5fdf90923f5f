#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kws/search/forecast.h"
#include "kws/search/options.h"
#include "kws/search/pool.h"

namespace kws {

/// A trial that was proposed for a budget.
struct PastProposal {
  int number = 0;
  Candidate candidate;
  Point point;
  std::size_t source = 0;  ///< index of its row; of the first ones, which no row gave, their number
  bool at_random = false;  ///< drawn at random, the first of its type or later
};

/// What a source may look at.
struct SourceView {
  Pool& pool;
  std::span<const PastProposal> past;
  std::span<const Outlook> known;  ///< [trial] of the whole study
  const Seen& seen;
};

struct Suggestion {
  Candidate candidate;
  std::string reason;  ///< in words
};

/// One way to come to further designs.
struct ProposalSource {
  const char* name;
  double SearchOptions::*share;  ///< of proposals before any has shown its success; nullptr: what is left
  std::optional<Suggestion> (*suggest)(const SourceView& view, Rng& rng);
};
/// The last one stands in for others that have nothing to suggest.
std::span<const ProposalSource> proposal_sources();

/// Which of them has the next turn: their shares, times how often the proposals of each were among the best quarter of
/// those that something is known of.
///   turn  0..1, at random
std::size_t source_of_turn(const SearchOptions& options, std::span<const PastProposal> past,
                           std::span<const Outlook> known, double turn);

}  // namespace kws
