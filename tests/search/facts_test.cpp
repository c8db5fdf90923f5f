#include "kws/search/facts.h"

#include <gtest/gtest.h>

#include "kws/cost/cost.h"
#include "kws/families/design.h"

namespace kws {
namespace {

TEST(Facts, ADesignThatIsTrainedAgainTakesTheSame) {
  std::vector<Trial> trials;
  for (const Design& design : published_designs()) {
    Trial& trial = trials.emplace_back();
    trial.proposal.number = static_cast<int>(trials.size());
    trial.proposal.design = design;
  }
  trials.push_back(trials.front());
  trials.back().proposal.number = 1'000'101;
  trials.back().state = TrialState::done;
  const std::vector<TrialFacts> facts = facts_of(trials, SearchOptions{});
  ASSERT_EQ(facts.size(), trials.size());
  for (std::size_t i = 0; i < facts.size(); ++i) {
    EXPECT_EQ(facts[i].proposal.number, trials[i].proposal.number);
    const TrialFacts alone = facts_of(std::span(&trials[i], 1), SearchOptions{}).front();
    EXPECT_EQ(facts[i].state, alone.state);
    EXPECT_EQ(facts[i].needs.ops, alone.needs.ops);
    EXPECT_EQ(facts[i].needs.firmware->flash_bytes, alone.needs.firmware->flash_bytes);
    EXPECT_EQ(facts[i].arena_bytes, plan_arena(build_graph(trials[i].proposal.design)).bytes);
    EXPECT_EQ(facts[i].fits, alone.fits);
  }
}

}  // namespace
}  // namespace kws
