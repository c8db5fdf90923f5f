#include "studies_compared.h"

#include <algorithm>
#include <vector>

#include "html.h"
#include "kws/core/table.h"
#include "kws/cost/budget.h"
#include "kws/search/ranking.h"
#include "pareto.h"
#include "report_data.h"

namespace kws {
namespace {

/// A study's budget.
struct Held {
  const StudyView* study;
  Budget budget;
};

std::vector<std::vector<Held>> shared_budgets(std::span<const StudyView> views) {
  std::vector<std::vector<Held>> all;
  for (const StudyView& view : views) {
    for (const Budget& budget : view.options.budgets()) {
      const auto same = std::ranges::find_if(all, [&](const std::vector<Held>& one) {
        return one[0].budget.name == budget.name && one[0].budget.limits == budget.limits;
      });
      (same == all.end() ? all.emplace_back() : *same).push_back({&view, budget});
    }
  }
  std::erase_if(all, [](const std::vector<Held>& one) { return one.size() < 2; });
  return all;
}

std::vector<FrontPoint> points_of(const std::vector<const TrialFacts*>& front, const Budget& budget) {
  std::vector<FrontPoint> points;
  for (const TrialFacts* trial : front) {
    FrontPoint& point = points.emplace_back();
    point.accuracy = trial->result()->int8_validation;
    for (const LimitUse& use : budget.uses(trial->needs)) point.shares.push_back(use.share());
  }
  return points;
}

}  // namespace

std::string studies_compared(std::span<const StudyView> views) {
  constexpr auto kNumber = HtmlTable::Kind::number;
  const std::vector<std::vector<Held>> budgets = shared_budgets(views);
  if (budgets.empty()) return "";
  HtmlTable table(
      "Fronts of the studies, by int8 validation accuracy. Hypervolume: the best accuracy that a study has within "
      "limits "
      "drawn evenly from nothing to the budget's, on the average",
      {{"budget"}, {"study"}, {"best", kNumber}, {"trials on the front", kNumber}, {"hypervolume", kNumber}});
  for (const std::vector<Held>& studies : budgets) {
    for (const Held& held : studies) {
      const std::string& name = held.budget.name;
      const std::vector<TrialFacts>& trials = held.study->trials;
      const auto on_front = front(trials, [&](const TrialFacts& trial) { return fits(trial, name); });
      const TrialFacts* best = best_trial(trials, name);
      table.add({name, short_name(held.study->study), best == nullptr ? "" : accuracy_words(*best->result()),
                 grouped(static_cast<long long>(on_front.size())),
                 percent(hypervolume(points_of(on_front, held.budget)))});
    }
  }
  return "<h2>Studies compared</h2>\n" + table.html();
}

}  // namespace kws
