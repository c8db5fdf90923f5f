#include "../../search/proposal_sources.h"

#include <gtest/gtest.h>

#include <vector>

namespace kws {
namespace {

constexpr std::size_t kChange = 0, kModel = 1, kRandom = 2;

struct Past {
  std::vector<PastProposal> proposals;
  std::vector<Outlook> known;
  void add(std::size_t source, double accuracy) {
    PastProposal one;
    one.number = static_cast<int>(proposals.size());
    one.source = source;
    proposals.push_back(one);
    known.push_back({.accuracy = accuracy, .rung = 1});
  }
  /// Of a hundred turns, those of each source.
  [[nodiscard]] std::vector<int> turns() const {
    std::vector<int> counts(proposal_sources().size());
    for (int i = 0; i < 100; ++i) ++counts[source_of_turn(SearchOptions(), proposals, known, (i + 0.5) / 100.0)];
    return counts;
  }
};

TEST(ProposalSources, BeginWithTheirShares) { EXPECT_EQ(Past().turns(), (std::vector{30, 50, 20})); }

TEST(ProposalSources, SharesFollowSuccess) {
  Past past;
  for (int i = 0; i < 8; ++i) {
    past.add(kChange, 0.95);
    for (const std::size_t source : {kModel, kModel, kRandom}) past.add(source, 0.90);
  }
  past.add(kChange, 0.95);  // a quarter and one
  // Change: 0.3 (9 + 1) / (9 + 4), model: 0.5 (0 + 1) / (16 + 4), random: 0.2 (0 + 1) / (8 + 4).
  EXPECT_EQ(past.turns(), (std::vector{85, 9, 6}));
}

TEST(ProposalSources, FailedTrialsAndThoseUnderWayTellNothing) {
  Past past;
  for (int i = 0; i < 20; ++i) past.add(kChange, 0.0);
  EXPECT_EQ(past.turns(), Past().turns());
}

TEST(ProposalSources, WhatOneSourceDoesNotTakeIsTheOthers) {
  SearchOptions all_changes;
  all_changes.evolution_share = 1.0;
  for (const double turn : {0.0, 0.5, 0.999}) EXPECT_EQ(source_of_turn(all_changes, {}, {}, turn), kChange);
  all_changes.evolution_share = all_changes.model_share = 0.0;
  EXPECT_EQ(source_of_turn(all_changes, {}, {}, 0.0), kRandom);
}

}  // namespace
}  // namespace kws
