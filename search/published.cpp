#include "published.h"

#include <algorithm>
#include <utility>

#include "bounds.h"

namespace kws {

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

}  // namespace kws
