#include "kws/search/against_published.h"

#include <gmock/gmock.h>

#include "kws/families/design.h"
#include "kws/search/finalists.h"
#include "studied.h"

namespace kws {
namespace {

using testing::two_budgets;

Design known(const std::string& name) {
  const std::vector<Design> all = known_designs();
  return *std::ranges::find(all, name, &Design::name);
}

/// A study by hand: trials of known designs with accuracies after so many epochs.
class Trials {
 public:
  explicit Trials(SearchOptions options = two_budgets()) : options_(std::move(options)) {}
  void add(int number, const Design& design, std::vector<std::pair<int, double>> accuracies, double error = 0.03) {
    Trial trial{.proposal = {.number = number, .budget = "small", .design = design, .training = {}}};
    trial.proposal.training.epochs = accuracies.back().first;
    for (const auto& [epochs, accuracy] : accuracies) {
      const TrialResult result{.int8_validation = accuracy, .int8_validation_error = error};
      trial.rungs.push_back({.epochs = epochs, .reason = "", .result = result, .failure = ""});
    }
    trials_.push_back(std::move(trial));
  }
  [[nodiscard]] std::vector<TrialFacts> facts() const { return facts_of(trials_, options_); }

 private:
  SearchOptions options_;
  std::vector<Trial> trials_;
};

/// A published design under another name, with another width.
Design found(const std::string& name) {
  Json json = design_to_json(known("ds_cnn_s"));
  json["name"] = name;
  json["network"]["conv"]["filters"] = 32;
  return design_from_json(json, name);
}

TEST(AgainstPublished, ComparesAtTheHighestRungThatBothHaveReached) {
  Trials trials;
  trials.add(0, known("ds_cnn_s"), {{3, 0.5}, {9, 0.8}});
  trials.add(1, known("cnn_s"), {{3, 0.7}});
  trials.add(2, found("ds_cnn_2"), {{3, 0.6}, {9, 0.82}, {27, 0.9}}, 0.04);
  const std::vector<TrialFacts> facts = trials.facts();
  const auto one = against_published(facts, facts[2], "small");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->published, "ds_cnn_s");
  EXPECT_EQ(one->trial, 0);
  EXPECT_EQ(one->epochs, 9);
  EXPECT_NEAR(one->gain, 0.02, 1e-12);
  EXPECT_NEAR(one->error, 0.05, 1e-12);  // of 0.03 and 0.04
  const double memory =
      100.0 * static_cast<double>(facts[2].needs.memory_bytes) / static_cast<double>(facts[0].needs.memory_bytes);
  const double ops = 100.0 * static_cast<double>(facts[2].needs.ops) / static_cast<double>(facts[0].needs.ops);
  EXPECT_EQ(
      against_published_text(*one),
      "ds_cnn_2 is 2.0 ± 5.0 points above ds_cnn_s, the best published network trained as long (9 epochs), with " +
          std::to_string(std::lround(memory)) + " % of its memory and " + std::to_string(std::lround(ops)) +
          " % of its operations");
  auto larger = *one;
  larger.winner_needs.memory_bytes = 31 * larger.published_needs.memory_bytes / 10;
  larger.winner_needs.ops = 27 * larger.published_needs.ops;
  EXPECT_THAT(against_published_text(larger),
              ::testing::EndsWith("with 3.1 times its memory and 27 times its operations"));
  const Json json = against_published_to_json(*one);
  EXPECT_NEAR(json["shares"]["memory_bytes"].get<double>(), memory / 100.0, 1e-12);
  EXPECT_FALSE(json["shares"].contains("load")) << "no clock is known";
}

TEST(AgainstPublished, HoldsFinalistsAgainstFinalistsByTheirMeans) {
  Trials trials;
  trials.add(0, known("ds_cnn_s"), {{9, 0.8}});
  trials.add(1, found("ds_cnn_1"), {{9, 0.9}});
  for (const auto& [number, accuracy] : {std::pair{1, 0.90}, {2, 0.94}}) {
    trials.add(kFirstFinalist + number, known("ds_cnn_s"), {{42, accuracy}});
    trials.add(kFirstFinalist + 100 + number, found("ds_cnn_1"), {{42, accuracy - 0.01}});
  }
  const std::vector<TrialFacts> facts = trials.facts();
  const auto one = against_published(facts, facts.back(), "small");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->epochs, 42);
  EXPECT_EQ(one->seeds, 2);
  EXPECT_NEAR(one->gain, -0.01, 1e-12);
  EXPECT_NEAR(one->error, 0.02 * std::sqrt(2.0), 1e-12);
  EXPECT_THAT(against_published_text(*one), ::testing::StartsWith("ds_cnn_1 is 1.0 ± 2.8 points below ds_cnn_s, "));
  EXPECT_THAT(against_published_text(*one), ::testing::HasSubstr("(2 seeds of 42 epochs)"));
}

TEST(AgainstPublished, TakesTheTrialOfAFinalistWhereNoPublishedNetworkIsOne) {
  Trials trials;
  trials.add(0, known("ds_cnn_s"), {{9, 0.8}});
  trials.add(1, found("ds_cnn_1"), {{9, 0.9}});
  trials.add(kFirstFinalist + 101, found("ds_cnn_1"), {{42, 0.95}});
  const std::vector<TrialFacts> facts = trials.facts();
  const auto one = against_published(facts, facts.back(), "small");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->epochs, 9);
  EXPECT_NEAR(one->gain, 0.1, 1e-12);
}

TEST(AgainstPublished, SaysThatAWinnerIsOneItself) {
  Trials trials;
  trials.add(0, known("ds_cnn_s"), {{9, 0.8}});
  trials.add(1, known("cnn_s"), {{9, 0.9}});
  const std::vector<TrialFacts> facts = trials.facts();
  const auto one = against_published(facts, facts[1], "small");
  ASSERT_TRUE(one);
  EXPECT_EQ(against_published_text(*one), "cnn_s is a published network itself");
}

TEST(AgainstPublished, CountsOnlyNetworksOfTheBudgetAndOfTheStudy) {
  Trials trials;
  trials.add(0, known("ds_cnn_l"), {{9, 0.9}});
  trials.add(1, found("bc_resnet_1"), {{9, 0.8}});  // by its number, not the published one
  trials.add(2, found("ds_cnn_2"), {{9, 0.85}});
  const std::vector<TrialFacts> facts = trials.facts();
  EXPECT_FALSE(against_published(facts, facts[2], "small"));
}

TEST(AgainstPublished, TellsTheTimeWhereAClockIsKnown) {
  SearchOptions options = two_budgets();
  options.clock_hz = 64'000'000;
  Trials trials(options);
  trials.add(0, known("ds_cnn_s"), {{9, 0.8}}, 0.0);
  trials.add(1, found("ds_cnn_1"), {{9, 0.8}}, 0.0);
  const std::vector<TrialFacts> facts = trials.facts();
  const std::string text = against_published_text(*against_published(facts, facts[1], "small"));
  EXPECT_THAT(text,
              ::testing::MatchesRegex("ds_cnn_1 is 0.0 points above .* with [0-9]+ % of its memory, [0-9]+ % of its "
                                      "operations and [0-9]+ % of its time"));
}

}  // namespace
}  // namespace kws
