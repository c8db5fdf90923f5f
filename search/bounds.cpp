#include "bounds.h"

#include <algorithm>

#include "kws/core/table.h"
#include "kws/search/epoch_times.h"
#include "kws/search/pool.h"

namespace kws {
namespace {

/// What a design takes of all that a budget limits.
std::string describe_need(const Budget& budget, const Needs& needs) {
  std::string text;
  for (const LimitUse& use : budget.uses(needs)) text += (text.empty() ? "" : ", ") + use.measure->text(use.need);
  return text;
}

std::string times(const Bounds::Share& closest) { return fixed(closest.cost, 1) + " times that"; }

}  // namespace

Bounds::Share Bounds::of(const Design& design) const {
  Share share{.needs = needs_of(design, part_)};
  share.fits = budget_.fits(share.needs);
  share.share = budget_.share(share.needs);
  if (most_cost_ == 0.0) return share;
  share.cost = training_cost(design) / most_cost_;
  share.share = std::max(share.share, share.cost);
  share.fits = share.fits && share.cost <= 1.0;
  return share;
}

std::string Bounds::why_no_type_fits(const Share& closest) const {
  if (budget_.fits(closest.needs)) {
    return "trains within --max-training-cost (the closest takes " + times(closest) + ")";
  }
  return "fits budget \"" + budget_.name + "\" (the closest needs " + describe_need(budget_, closest.needs) + ")";
}

std::string Bounds::why_nothing_fits(const Share& closest) const {
  const std::string budget = "budget \"" + budget_.name + "\": ";
  if (budget_.fits(closest.needs)) {
    return budget + "no design of it trains within --max-training-cost; the closest takes " + times(closest);
  }
  return budget + "nothing fits " + budget_.limits_text() + "; the smallest design found needs " +
         describe_need(budget_, closest.needs);
}

}  // namespace kws
