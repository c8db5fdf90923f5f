#include "published.h"

#include <algorithm>
#include <utility>

#include "bounds.h"

namespace kws {
namespace {

bool is_one_of(const std::string& name, const std::vector<std::string>& names) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::vector<Sample> published_of(const SearchOptions& options, std::size_t budget, std::span<const Design> designs) {
  const std::vector<Budget> budgets = options.budgets();
  const Bounds bounds(options, budgets[budget]);
  std::vector<Sample> all;
  for (const Design& design : designs) {
    Sample sample{.design = design, .training = usual_training(options.space.training)};
    sample.design.classes = options.classes;
    sample.design.features.arithmetic = options.space.features.arithmetic;  // the part may have no floats
    sample.design.features.clip_ms = options.space.features.clip_ms;
    const Bounds::Share taken = bounds.of(sample.design);
    const bool others = std::ranges::any_of(std::span(budgets).first(budget),
                                            [&](const Budget& before) { return before.fits(taken.needs); });
    if (taken.fits && !others) all.push_back(std::move(sample));
  }
  return all;
}

const std::vector<std::string>& baseline_names() {
  static const std::vector<std::string> names = {"matchboxnet_3x2x64", "matchboxnet_3x1x64", "tc_resnet8"};
  return names;
}

bool is_baseline_name(const std::string& name) { return is_one_of(name, baseline_names()); }

int baselines(const SearchOptions& options) {
  if (options.no_prior) return 0;
  static const std::vector<Design> known = [] {
    std::vector<Design> designs = known_designs();
    std::erase_if(designs, [](const Design& design) { return !is_baseline_name(design.name); });
    return designs;
  }();
  const auto wanted = [&options](const Sample& sample) { return is_one_of(sample.design.type(), options.types); };
  int count = 0;
  for (std::size_t budget = 0; budget < options.budgets().size(); ++budget) {
    count += std::ranges::any_of(published_of(options, budget, known), wanted) ? 1 : 0;
  }
  return count;
}

}  // namespace kws
