#include "strategies.h"

#include <algorithm>
#include <array>

namespace kws {
namespace {

void only_random_designs(SearchOptions& options) {
  options.no_prior = true;
  options.evolution_share = options.model_share = 0.0;
}

constexpr std::array kStrategyRows = {
    Strategy{"kwsmith",
             "published designs, the best known in full, then what a model, changes of good ones and chance propose; "
             "fair rungs",
             [](SearchOptions&) {}},
    Strategy{"asha", "plain successive halving from the first epoch on, designs at random",
             [](SearchOptions& options) {
               only_random_designs(options);
               options.first_rung = 1;
               options.fair = false;
             }},
    Strategy{"one_epoch", "all designs for one epoch, then the best in full",
             [](SearchOptions& options) {
               only_random_designs(options);
               options.first_rung = 1;
               options.reduction = std::max(options.epochs, options.max_trials);
               options.fair = false;
             }},
    Strategy{"random", "one random design after the other in full",
             [](SearchOptions& options) {
               only_random_designs(options);
               options.first_rung = options.epochs;
               options.fair = false;
             }},
};

}  // namespace

std::span<const Strategy> strategies() { return kStrategyRows; }

const std::vector<std::string>& strategy_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    all.reserve(kStrategyRows.size());
    for (const Strategy& one : kStrategyRows) all.emplace_back(one.name);
    return all;
  }();
  return names;
}

SearchOptions with_strategy(SearchOptions options) {
  const auto row = std::ranges::find(kStrategyRows, options.strategy, &Strategy::name);
  if (row != kStrategyRows.end()) row->apply(options);
  return options;
}

}  // namespace kws
