#include "strategies.h"

#include <algorithm>
#include <array>

namespace kws {
namespace {

void only_random_designs(SearchOptions& options) {
  options.no_prior = true;
  options.evolution_share = options.model_share = 0.0;
}

constexpr std::array kAllButReduction = {"no_prior", "evolution_share", "model_share", "first_rung"};
constexpr std::array kAll = {"no_prior", "evolution_share", "model_share", "first_rung", "reduction"};

constexpr std::array kStrategyRows = {
    Strategy{"kwsmith",
             "published designs, the best known in full, then what a model, changes of good ones and chance propose; "
             "fair rungs",
             [](SearchOptions&) {},
             {}},
    Strategy{"asha", "plain successive halving from the first epoch on, designs at random",
             [](SearchOptions& options) {
               only_random_designs(options);
               options.first_rung = 1;
               options.fair = false;
             },
             kAllButReduction},
    Strategy{"one_epoch", "all designs for one epoch, then the best in full",
             [](SearchOptions& options) {
               only_random_designs(options);
               options.first_rung = 1;
               options.reduction = std::max(options.epochs, options.max_trials);
               options.fair = false;
             },
             kAll},
    Strategy{"random", "one random design after the other in full",
             [](SearchOptions& options) {
               only_random_designs(options);
               options.first_rung = options.epochs;
               options.fair = false;
             },
             kAllButReduction},
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

const Strategy* strategy_of(const std::string& name) {
  const auto row = std::ranges::find(kStrategyRows, name, &Strategy::name);
  return row == kStrategyRows.end() ? nullptr : &*row;
}

SearchOptions with_strategy(SearchOptions options) {
  if (const Strategy* row = strategy_of(options.strategy)) row->apply(options);
  return options;
}

}  // namespace kws
