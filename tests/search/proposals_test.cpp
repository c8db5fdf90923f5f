#include "kws/search/proposals.h"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "../../search/moves.h"
#include "../../search/published.h"
#include "fake_evaluator.h"
#include "kws/search/epoch_times.h"
#include "kws/search/study.h"

namespace kws {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::two_budgets;

/// Proposals of which the earlier ones are worth what `worth` says; budgets take turns.
std::vector<Proposal> draw(
    const SearchOptions& options, int count,
    const std::function<double(const Proposal&)>& worth = [](const Proposal&) { return 0.5; }) {
  Proposer proposer(options);
  std::vector<Proposal> proposals;
  const std::size_t budgets = options.budgets().size();
  std::vector<Outlook> known;
  for (int number = 0; number < count; ++number) {
    auto proposal = proposer.propose(static_cast<std::size_t>(number) % budgets, number, known);
    if (!proposal) break;
    known.push_back({.accuracy = worth(proposal->proposal), .rung = 1});
    proposals.push_back(proposal->proposal);
  }
  return proposals;
}

Needs needs_of(const Proposal& proposal) { return needs_of(proposal.design, std::nullopt); }

SearchOptions random_only() {
  SearchOptions options = two_budgets();
  options.evolution_share = options.model_share = 0.0;
  return options;
}

TEST(Proposer, SharesRandomTrialsEvenlyAmongTypesAndBudgets) {
  std::map<std::pair<std::string, std::string>, int> counts;
  const std::size_t slots = 2 * network_types().size();
  for (const Proposal& proposal : draw(random_only(), static_cast<int>(2 * slots)))
    ++counts[{proposal.design.type(), proposal.budget}];
  EXPECT_EQ(counts.size(), slots);
  for (const auto& [slot, count] : counts) EXPECT_EQ(count, 2) << slot.first << ' ' << slot.second;
}

TEST(Proposer, EveryRandomProposalKeepsItsBudgetAndUsesMoreThanHalfOfIt) {
  for (const Proposal& proposal : draw(random_only(), 84)) {
    const Budget& budget = budget_by_name(proposal.budget);
    EXPECT_TRUE(budget.fits(needs_of(proposal))) << proposal.design.name;
    EXPECT_GT(budget.share(needs_of(proposal)), 0.5) << proposal.design.name;
  }
}

TEST(Proposer, PublishedDesignsComputeTheirFrontEndAsTheSpaceDoes) {
  SearchOptions options = two_budgets();
  options.no_prior = false;
  options.space.features.arithmetic = "integer";  // of a board without a floating-point unit
  for (const Proposal& proposal : draw(options, 28)) {
    EXPECT_EQ(proposal.design.features.arithmetic, "integer") << proposal.design.name;
  }
  for (const int clip_ms : {500, 2000}) {
    options.space.features.clip_ms = clip_ms;
    for (const Proposal& proposal : draw(options, 40)) EXPECT_EQ(proposal.design.features.clip_ms, clip_ms);
  }
}

TEST(Proposer, BeginsWithEveryTypeInEveryBudget) {
  std::set<std::pair<std::string, std::string>> slots;
  for (const Proposal& proposal : draw(two_budgets(), 14)) slots.emplace(proposal.design.type(), proposal.budget);
  EXPECT_EQ(slots.size(), 14U);
}

TEST(Proposer, NoProposalOfAnyStrategyBreaksItsBudget) {
  for (const auto& [evolution, model] : {std::pair{1.0, 0.0}, std::pair{0.0, 1.0}, std::pair{0.3, 0.5}}) {
    SearchOptions options = two_budgets();
    options.limits[MeasureId::ram] = 16 * 1024;
    options.evolution_share = evolution;
    options.model_share = model;
    std::set<std::pair<std::string, double>> trainings;  // design and learning rate
    for (const Proposal& proposal : draw(options, 80)) {
      const Needs needs = kws::needs_of(proposal.design, Core::m4);
      EXPECT_TRUE(budget_by_name(proposal.budget).fits(needs)) << proposal.design.name;
      EXPECT_LE(needs.firmware->ram_bytes, 16 * 1024);
      const double rate = proposal.training.optimizer.peak_rate;
      EXPECT_TRUE(trainings.emplace(design_hash(proposal.design), rate).second) << "twice";
    }
    EXPECT_EQ(trainings.size(), 80U);
  }
}

TEST(Proposer, CarriedStateMakesRoomForLargerRecurrentNetworks) {
  SearchOptions options = random_only();
  options.budget_names = {"small"};
  options.types = {"gru"};
  options.clock_hz = 64'000'000;
  options.limits[MeasureId::load] = 0.3;
  const auto most_ops = [&](bool carry_state) {
    options.carry_state = carry_state;
    std::int64_t most = 0;
    for (const Proposal& proposal : draw(options, 20)) {
      EXPECT_LE(kws::needs_of(proposal.design, options.part()).time->load_high, 0.3);
      most = std::max(most, needs_of(proposal).ops);
    }
    return most;
  };
  EXPECT_GT(most_ops(true), 2 * most_ops(false));
}

/// Mean worth of proposals 40 to 79 of one budget.
double later_worth(double evolution, double model) {
  const auto worth = [](const Proposal& proposal) {
    const bool recurrent = proposal.design.type() == "gru" || proposal.design.type() == "crnn";
    return (recurrent ? 0.9 : 0.7) - 0.2 * std::abs(std::log(proposal.design.features.stride_ms / 20.0));
  };
  SearchOptions options = two_budgets();
  options.budget_names = {"medium"};
  options.evolution_share = evolution;
  options.model_share = model;
  const std::vector<Proposal> proposals = draw(options, 80, worth);
  double sum = 0.0;
  for (std::size_t i = 40; i < 80; ++i) sum += worth(proposals[i]);
  return sum / 40.0;
}

TEST(Proposer, EvolutionAndModelLearnWhatIsGood) {
  const double random = later_worth(0.0, 0.0);
  EXPECT_GT(later_worth(1.0, 0.0), random + 0.08);
  EXPECT_GT(later_worth(0.0, 1.0), random + 0.08);
  EXPECT_GT(later_worth(0.3, 0.5), random + 0.08);
}

TEST(Proposer, BeginsWithThePublishedDesignsByTheirNames) {
  SearchOptions options = two_budgets();
  options.no_prior = false;
  std::set<std::string> small, medium;
  for (const Proposal& proposal : draw(options, static_cast<int>(2 * known_designs().size()))) {
    (proposal.budget == "small" ? small : medium).insert(proposal.design.name);
  }
  for (const Design& design : published_designs()) {
    EXPECT_EQ(small.contains(design.name), design.name.ends_with("_s")) << design.name;
    EXPECT_EQ(medium.contains(design.name), design.name.ends_with("_m")) << design.name;
  }
  EXPECT_TRUE(small.contains("ds_tc_small"));
  EXPECT_TRUE(small.contains("bc_resnet_1"));
}

TEST(Proposer, BeginsWithTheMostAccurateThatIsKnownAsTheBaseline) {
  const auto begin = [](const SearchOptions& options) {
    Proposer proposer(options);
    std::vector<std::string> names;
    for (std::size_t budget = 0; budget < options.budgets().size(); ++budget) {
      const auto proposed = proposer.propose(budget, static_cast<int>(budget), {});
      if (proposed->baseline) names.push_back(proposed->proposal.design.name);
    }
    EXPECT_EQ(baselines(options), std::ssize(names));
    return names;
  };
  SearchOptions options = two_budgets();
  options.no_prior = false;
  EXPECT_THAT(begin(options), ElementsAre("tc_resnet8", "matchboxnet_3x2x64"));
  options.max_published = 1;
  EXPECT_THAT(begin(options), ElementsAre("tc_resnet8", "matchboxnet_3x2x64"));
  const std::vector<Design> known = known_designs();
  options.max_training_cost = training_cost(*std::ranges::find(known, "matchboxnet_3x1x64", &Design::name));
  EXPECT_THAT(begin(options), ElementsAre("tc_resnet8", "matchboxnet_3x1x64"));
  options.types = {"gru", "tc_resnet"};
  EXPECT_THAT(begin(options), ElementsAre("tc_resnet8")) << "which keeps the small budget";
  options.budget_names = {"large"};
  options.max_training_cost = 0.0;
  EXPECT_THAT(begin(options), ElementsAre("tc_resnet8")) << "though tc_resnet14_1_5 is larger";
  options.types = {"gru"};
  EXPECT_THAT(begin(options), ElementsAre()) << "searches have left those of the paper behind";
  options.types = network_types();
  options.no_prior = true;
  EXPECT_THAT(begin(options), ElementsAre());
}

TEST(Proposer, BeginsWithTheLargestOfEachTypeWhereFewPublishedOnesAreWanted) {
  SearchOptions options = two_budgets();
  options.no_prior = false;
  options.budget_names = {"medium"};
  std::set<std::string> known;
  for (const Design& design : known_designs()) known.insert(design.name);
  const auto names = [&](int most) {
    options.max_published = most;
    std::set<std::string> published;
    for (const Proposal& proposal : draw(options, 25)) {
      if (known.contains(proposal.design.name)) published.insert(proposal.design.name);
    }
    return published;
  };
  const std::set<std::string> one_of_each = {
      "bc_resnet_2", "matchboxnet_3x2x64", "tc_resnet8", "basic_lstm_m", "cnn_m", "crnn_m",
      "dnn_m",       "ds_cnn_m",           "gru_m",      "lstm_m"};
  EXPECT_EQ(names(1), one_of_each);
  EXPECT_EQ(names(10), one_of_each);
  std::set<std::string> more = names(13);
  EXPECT_EQ(more.size(), 13U);
  EXPECT_TRUE(std::ranges::includes(more, one_of_each));
  EXPECT_FALSE(more.contains("sparknet_16"));
}

TEST(Proposer, ProposesNothingThatTrainsTooLong) {
  SearchOptions options = two_budgets();
  options.no_prior = false;
  options.budget_names = {"large"};
  options.types = network_types();
  options.max_training_cost = 5.0;
  for (const Proposal& proposal : draw(options, 40)) {
    EXPECT_LE(training_cost(proposal.design), options.max_training_cost) << proposal.design.name;
  }
  options.types = {"cnn"};
  options.max_training_cost = 0.5;
  EXPECT_THAT([&] { Proposer proposer(options); }, ::testing::ThrowsMessage<Error>(HasSubstr("--max-training-cost")));
}

TEST(Proposer, PublishedDesignsTakeTheArithmeticAndTheWindowOfTheSpace) {
  SearchOptions options = two_budgets();
  options.no_prior = false;
  options.space.features.arithmetic = "integer";  // the part has no floats
  options.space.features.clip_ms = 900;
  for (const Proposal& proposal : draw(options, static_cast<int>(2 * known_designs().size()))) {
    EXPECT_EQ(proposal.design.features.arithmetic, "integer") << proposal.design.name;
    EXPECT_EQ(proposal.design.features.clip_ms, 900) << proposal.design.name;
  }
}

TEST(Proposer, NoDesignComesTwice) {
  SearchOptions options = two_budgets();
  options.types = {"gru"};
  options.space.features.log_mel_share = 0.0;
  for (IntRange* range :
       {&options.space.features.coefficients, &options.space.features.mel_bins, &options.space.features.window_ms,
        &options.space.features.stride_ms, &options.space.features.high_hz, &options.space.range("gru", "layers")}) {
    range->low = range->high;
  }
  options.space.range("gru", "cells") = {40, 48, 4};  // three designs in all
  std::set<std::string> hashes;
  Proposer proposer(options);
  const std::vector<Outlook> known{{.accuracy = 0.5, .rung = 1}};
  while (const auto proposal = proposer.propose(0, 0, known)) hashes.insert(design_hash(proposal->proposal.design));
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

TEST(Proposer, OneDataSeedForAllTrialsOfAStudyAndAWeightSeedForEach) {
  SearchOptions other = two_budgets();
  other.seed = 8;
  const auto proposals = draw(two_budgets(), 2);
  EXPECT_NE(proposals[0].training.data_seed, 0U);
  EXPECT_EQ(proposals[0].training.data_seed, proposals[1].training.data_seed);
  EXPECT_NE(proposals[0].training.seed, proposals[1].training.seed);
  EXPECT_NE(proposals[0].training.data_seed, draw(other, 1).front().training.data_seed);
}

TEST(Proposer, ImpossibleBudgetIsAnErrorThatTellsTheSmallestNeed) {
  SearchOptions options;
  options.types = {"gru", "dnn"};
  options.limits[MeasureId::memory] = 1000;
  try {
    Proposer proposer(options);
    FAIL() << "1,000 bytes cannot hold a spotter";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), Exit::nothing_fits);
    EXPECT_THAT(error.what(),
                HasSubstr("budget \"custom\": nothing fits 1,000 bytes of memory; the smallest design found needs "));
  }
}

SearchOptions small_part(Core core) {
  SearchOptions options = two_budgets();
  options.limits[MeasureId::flash] = 64 * 1024;
  options.limits[MeasureId::ram] = 8 * 1024;
  options.core = core_name(core);
  return options;
}

TEST(Proposer, FlashAndRamBindEveryBudget) {
  const SearchOptions options = small_part(Core::m3);
  const std::vector<Budget> budgets = options.budgets();
  ASSERT_EQ(budgets.size(), 2U);
  EXPECT_EQ(budgets[0].limits[MeasureId::memory], 81920);
  const std::vector<Proposal> proposals = draw(options, 42);
  EXPECT_EQ(proposals.size(), 42U);
  for (const Proposal& proposal : proposals) {
    const FirmwareSizes sizes = *kws::needs_of(proposal.design, Core::m3).firmware;
    EXPECT_LE(sizes.flash_bytes, 64 * 1024) << proposal.design.name;
    EXPECT_LE(sizes.ram_bytes, 8 * 1024) << proposal.design.name;
    EXPECT_TRUE(budget_by_name(proposal.budget).fits(needs_of(proposal))) << proposal.design.name;
  }
}

TEST(Proposer, FlashAndRamAloneAreTheBudgetCustom) {
  SearchOptions options;
  options.types = {"dnn"};
  options.limits[MeasureId::ram] = 4096;
  const std::vector<Budget> budgets = options.budgets();
  ASSERT_EQ(budgets.size(), 1U);
  EXPECT_EQ(budgets[0].name, "custom");
  EXPECT_FALSE(budgets[0].limits[MeasureId::memory] || budgets[0].limits[MeasureId::ops] ||
               budgets[0].limits[MeasureId::flash]);
  EXPECT_EQ(budgets[0].limits[MeasureId::ram], 4096);
}

TEST(Proposer, ImpossibleFlashIsAnErrorThatTellsTheSmallestNeed) {
  SearchOptions options;
  options.types = {"gru", "dnn"};
  options.limits[MeasureId::flash] = 2000;
  try {
    Proposer proposer(options);
    FAIL() << "2,000 bytes cannot hold a spotter";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), Exit::nothing_fits);
    EXPECT_THAT(error.what(),
                HasSubstr("budget \"custom\": nothing fits 2,000 bytes of flash; the smallest design found "
                          "needs "));
  }
}

TEST(Proposer, LimitsThatDoNotBindChangeNoProposal) {
  SearchOptions wide = two_budgets();
  wide.limits[MeasureId::flash] = wide.limits[MeasureId::ram] = 1U << 30;
  const auto with = draw(wide, 14), without = draw(two_budgets(), 14);
  for (std::size_t i = 0; i < with.size(); ++i) EXPECT_EQ(proposal_to_json(with[i]), proposal_to_json(without[i]));
}

TEST(Proposer, TypeThatCannotFitLeavesItsTurnsToTheOthers) {
  SearchOptions options;
  options.types = {"dnn", "cnn"};
  options.limits[MeasureId::ops] = 80000;  // a small dnn's; the smallest cnn takes more than 100,000
  Proposer proposer(options);
  ASSERT_EQ(proposer.warnings().size(), 1U);
  EXPECT_THAT(proposer.warnings().front(), HasSubstr("type cnn: no design that was tried fits budget \"custom\""));
  for (int i = 0; i < 4; ++i) {
    const auto proposal = proposer.propose(0, i, std::vector<Outlook>(4, {.accuracy = 0.5, .rung = 1}));
    ASSERT_TRUE(proposal);
    EXPECT_EQ(proposal->proposal.number, i);
    EXPECT_EQ(proposal->proposal.design.type(), "dnn");
  }
}

TEST(Proposer, ABudgetThatOnlyTheLeastDesignsKeepIsNotMissed) {
  SearchOptions options;
  for (const std::string type : {"dnn", "ds_cnn"}) {
    options.types = {type};
    const auto flash = [](const Sample& one) {
      return static_cast<double>(kws::needs_of(one.design, Core::m4).firmware->flash_bytes);
    };
    Rng rng({1});
    const double most = flash(least(options.space, sample(options.space, type, options.classes, rng), flash));
    options.limits[MeasureId::flash] = most * 1.01;
    std::set<std::string> seen;
    for (const Proposal& proposal : draw(options, 5)) {
      EXPECT_LE(kws::needs_of(proposal.design, Core::m4).firmware->flash_bytes, most * 1.01) << proposal.design.name;
      EXPECT_TRUE(seen.insert(design_hash(proposal.design)).second) << proposal.design.name;
    }
    EXPECT_EQ(seen.size(), 5U) << type;
    options.limits[MeasureId::flash] = most * 0.8;  // another way down may come somewhat further
    EXPECT_THROW(Proposer{options}, Error) << type;
  }
}

TEST(FitShares, AreSharesOfEveryTypeAndBudget) {
  const auto shares = fit_shares(two_budgets(), 500);
  ASSERT_EQ(shares.size(), 2 * network_types().size());
  for (std::size_t i = 0; i < shares.size(); i += 2) {
    EXPECT_GT(shares[i].share, 0.0) << shares[i].type;
    EXPECT_LE(shares[i].share, shares[i + 1].share) << "what fits small fits medium";
    EXPECT_LT(shares[i].share, 1.0);
  }
}

}  // namespace
}  // namespace kws
