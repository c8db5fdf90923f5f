#include "kws/search/proposals.h"

#include <gmock/gmock.h>

#include <map>

#include "fake_evaluator.h"
#include "kws/search/study.h"

namespace kws {
namespace {

using ::testing::HasSubstr;
using testing::two_budgets;

std::vector<Proposal> draw(const SearchOptions& options, int count) {
  Proposer proposer(options);
  std::vector<Proposal> proposals;
  while (static_cast<int>(proposals.size()) < count) {
    auto proposal = proposer.next();
    if (!proposal) break;
    proposals.push_back(*proposal);
  }
  return proposals;
}

CostTotals totals_of(const Proposal& proposal) { return hello_edge_totals(build_graph(proposal.design)); }

TEST(Proposer, SharesTwentyEightTrialsEvenlyAmongTypesAndBudgets) {
  std::map<std::pair<std::string, std::string>, int> counts;
  for (const Proposal& proposal : draw(two_budgets(), 28)) ++counts[{proposal.design.type(), proposal.budget}];
  EXPECT_EQ(counts.size(), 14U);
  for (const auto& [slot, count] : counts) EXPECT_EQ(count, 2) << slot.first << ' ' << slot.second;
}

TEST(Proposer, EveryProposalKeepsItsBudgetAndUsesMoreThanHalfOfIt) {
  for (const Proposal& proposal : draw(two_budgets(), 84)) {
    const Budget& budget = budget_by_name(proposal.budget);
    EXPECT_TRUE(budget.fits(totals_of(proposal))) << proposal.design.name;
    EXPECT_GT(budget_share(budget, totals_of(proposal)), 0.5) << proposal.design.name;
  }
}

TEST(Proposer, NoDesignComesTwice) {
  SearchOptions options = two_budgets();
  options.types = {"gru"};
  options.space.features.log_mel_share = 0.0;
  for (IntRange* range :
       {&options.space.features.coefficients, &options.space.features.mel_bins, &options.space.features.window_ms,
        &options.space.features.stride_ms, &options.space.features.high_hz, &options.space.gru.layers}) {
    range->low = range->high;
  }
  options.space.gru.cells = {40, 48, 4};  // three designs in all
  std::set<std::string> hashes;
  Proposer proposer(options);
  while (const auto proposal = proposer.next()) hashes.insert(design_hash(proposal->design));
  EXPECT_EQ(hashes.size(), 3U);
  ASSERT_FALSE(proposer.warnings().empty());
  EXPECT_THAT(proposer.warnings().front(), HasSubstr("no further design"));
}

TEST(Proposer, ALongerSearchBeginsWithTheShorterOne) {
  const auto shorter = draw(two_budgets(), 5);
  const auto longer = draw(two_budgets(), 10);
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    EXPECT_EQ(proposal_to_json(shorter[i]), proposal_to_json(longer[i]));
  }
}

TEST(Proposer, AnotherSeedGivesOtherDesignsAndTrainingSeeds) {
  SearchOptions other = two_budgets();
  other.seed = 8;
  const Proposal a = draw(two_budgets(), 1).front(), b = draw(other, 1).front();
  EXPECT_NE(design_hash(a.design), design_hash(b.design));
  EXPECT_NE(a.training.seed, b.training.seed);
}

TEST(Proposer, ImpossibleBudgetIsAnErrorThatTellsTheSmallestNeed) {
  SearchOptions options;
  options.types = {"gru", "dnn"};
  options.max_memory = 1000;
  try {
    Proposer proposer(options);
    FAIL() << "1,000 bytes cannot hold a spotter";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), Exit::nothing_fits);
    EXPECT_THAT(error.what(),
                HasSubstr("budget \"custom\": nothing fits 1,000 bytes; the smallest design drawn needs "));
  }
}

TEST(Proposer, TypeThatCannotFitLeavesItsTurnsToTheOthers) {
  SearchOptions options;
  options.types = {"dnn", "cnn"};
  options.max_ops = 80000;  // a small dnn's; the smallest cnn takes more than 100,000
  Proposer proposer(options);
  ASSERT_EQ(proposer.warnings().size(), 1U);
  EXPECT_THAT(proposer.warnings().front(), HasSubstr("type cnn: no draw of 20,000 fits budget \"custom\""));
  for (int i = 0; i < 4; ++i) {
    const auto proposal = proposer.next();
    ASSERT_TRUE(proposal);
    EXPECT_EQ(proposal->number, i);
    EXPECT_EQ(proposal->design.type(), "dnn");
  }
}

TEST(FitShares, AreSharesOfEveryTypeAndBudget) {
  const auto shares = fit_shares(two_budgets(), 500);
  ASSERT_EQ(shares.size(), 14U);
  for (std::size_t i = 0; i < shares.size(); i += 2) {
    EXPECT_GT(shares[i].share, 0.0) << shares[i].type;
    EXPECT_LE(shares[i].share, shares[i + 1].share) << "what fits small fits medium";
    EXPECT_LT(shares[i].share, 1.0);
  }
}

}  // namespace
}  // namespace kws
