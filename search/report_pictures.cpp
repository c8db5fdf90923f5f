#include "report_pictures.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "html.h"
#include "kws/core/table.h"
#include "kws/search/facts.h"
#include "kws/search/finalists.h"
#include "kws/search/pareto.h"
#include "svg.h"

namespace kws {
namespace {

/// A cost that a picture shows along its lower side.
struct CostSide {
  std::string id, title, label;
  double unit = 1.0;  ///< of the cost's unit
  MeasureId measure;
};

/// The lowest and the highest of some values.
struct ValueRange {
  double low = std::numeric_limits<double>::max(), high = std::numeric_limits<double>::lowest();
  void take(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

PlotAxis accuracy_axis(const ValueRange& shares) {
  const double low = 100.0 * shares.low, high = 100.0 * shares.high;
  const double gap = std::max(0.5, 0.05 * (high - low));
  return {.low = std::max(0.0, low - gap), .high = std::min(100.0, high) + gap, .from = kPlotBottom, .to = kPlotTop};
}

PlotAxis log_axis(const ValueRange& range, double factor) {
  return {
      .low = range.low / factor, .high = range.high * factor, .from = kPlotLeft, .to = kPlotRight, .logarithmic = true};
}

double shown_accuracy(const TrialFacts& shown) { return shown.result()->int8_validation; }
double shown_cost(const TrialFacts& shown, const CostSide& side) {
  return measure(side.measure).need(shown.needs).value() / side.unit;
}

/// "trial 3: gru_3 (gru), 91.20 % int8 validation after 9 epochs, 51,234 bytes of memory, 3,822,908 operations"
std::string trial_tip(const ReportFacts& facts, const TrialFacts& shown) {
  const Proposal& proposal = shown.proposal;
  const std::string best = best_of_budgets(facts, proposal.number);
  return "trial " + grouped(proposal.number) + ": " + proposal.design.name + " (" + proposal.design.type() + "), " +
         percent(shown_accuracy(shown)) + " int8 validation after " + grouped(shown.rungs.back().epochs) + " epochs, " +
         grouped(shown.needs.memory_bytes) + " bytes of memory, " + grouped(shown.needs.ops) + " operations" +
         (best.empty() ? "" : "; best of " + best);
}

/// Dashed lines where the budgets end, those far from every trial left out. Names that would touch take a line of their
/// own.
std::string limit_lines(const ReportFacts& facts, const CostSide& side, const PlotAxis& x, double most) {
  std::map<double, std::string> names;  // equal limits share a line
  for (const Budget& budget : facts.budgets) {
    const auto& limit = budget.limits[side.measure];
    const double value = limit.value_or(0.0) / side.unit;
    if (limit && value <= most && value > x.low) names[value] += (names[value].empty() ? "" : ", ") + budget.name;
  }
  std::string svg;
  double taken = kPlotLeft;
  bool raised = false;
  for (const auto& [value, name] : names) {
    const double place = x.place(value);
    svg += path_svg("limit", {{place, kPlotTop}, {place, kPlotBottom}});
    const double room = 11.0 * static_cast<double>(name.size());  // in the larger type of narrow screens
    raised = !raised && place - room < taken;
    svg += text_svg(place, kPlotTop - (raised ? 22.0 : 6.0), place < room ? "start" : "end", "", name);
    taken = place;
  }
  return svg;
}

/// Steps through the trials that none beats in accuracy and this one cost.
std::string front_steps(const ReportFacts& facts, const CostSide& side, const PlotAxis& x, const PlotAxis& y) {
  std::vector<ParetoPoint> points;
  for (const TrialFacts& shown : facts.ranked) {
    points.push_back({.memory_bytes = static_cast<std::int64_t>(shown_cost(shown, side) * side.unit),
                      .ops = 0,
                      .accuracy = shown_accuracy(shown)});
  }
  std::vector<std::size_t> front = pareto_front(points);
  std::ranges::stable_sort(front, {}, [&](std::size_t i) { return points[i].memory_bytes; });
  std::vector<PlotPoint> steps;
  for (const std::size_t i : front) {
    const PlotPoint point{x.place(shown_cost(facts.ranked[i], side)), y.place(100.0 * points[i].accuracy)};
    if (!steps.empty()) steps.push_back({point.x, steps.back().y});
    steps.push_back(point);
  }
  steps.push_back({kPlotRight, steps.back().y});
  return path_svg("front", steps);
}

/// Rings round the best of the budgets, with their names, above all other marks.
std::string best_rings(const ReportFacts& facts, const CostSide& side, const PlotAxis& x, const PlotAxis& y) {
  std::string rings, names;
  std::vector<PlotPoint> taken;
  for (const TrialFacts& shown : facts.ranked) {
    if (best_of_budgets(facts, shown.proposal.number).empty()) continue;
    const PlotPoint place{x.place(shown_cost(shown, side)), y.place(100.0 * shown_accuracy(shown))};
    rings += "<circle class=\"ring\" cx=\"" + fixed(place.x, 1) + "\" cy=\"" + fixed(place.y, 1) + "\" r=\"10\"/>\n";
    // Below the ring, where better trials are not; further down where another name stands.
    PlotPoint name{place.x, place.y + 26.0};
    const auto touches = [&](const PlotPoint& other) {
      return std::abs(other.x - name.x) < 130.0 && std::abs(other.y - name.y) < 20.0;
    };
    while (std::ranges::any_of(taken, touches)) name.y += 20.0;
    taken.push_back(name);
    const std::string anchor = place.x > kPlotRight - 70.0 ? "end" : place.x < kPlotLeft + 70.0 ? "start" : "middle";
    names += text_svg(name.x, name.y, anchor, "label", shown.proposal.design.name);
  }
  return rings + names;
}

std::string cost_marks(const ReportFacts& facts, const CostSide& side, const PlotAxis& x, const PlotAxis& y) {
  std::string beaten, front;
  for (auto shown = facts.ranked.rbegin(); shown != facts.ranked.rend(); ++shown) {  // the best on top
    const Proposal& proposal = shown->proposal;
    const bool full = facts.front.contains(proposal.number);
    (full ? front : beaten) +=
        mark_svg(kind_of(proposal.design.type()), full ? "full" : "", x.place(shown_cost(*shown, side)),
                 y.place(100.0 * shown_accuracy(*shown)), " data-trial=\"" + std::to_string(proposal.number) + "\"",
                 trial_tip(facts, *shown));
  }
  return beaten + front;
}

std::string cost_picture(const ReportFacts& facts, const CostSide& side) {
  ValueRange costs, accuracies;
  for (const TrialFacts& shown : facts.ranked) {
    costs.take(shown_cost(shown, side));
    accuracies.take(shown_accuracy(shown));
  }
  const double most = 10.0 * costs.high;
  for (const Budget& budget : facts.budgets) {
    const auto& limit = budget.limits[side.measure];
    const double value = limit ? *limit / side.unit : most + 1.0;
    if (value <= most) costs.take(value);
  }
  const PlotAxis x = log_axis(costs, 1.15), y = accuracy_axis(accuracies);
  const PlotText text{.id = side.id,
                      .title = side.title,
                      .note = "A marker for each of " + grouped(static_cast<long long>(facts.ranked.size())) +
                              " trials, shaped and coloured by network type; the figures stand in the table of trials.",
                      .x = side.label,
                      .y = "int8 validation, %"};
  return plot_svg(text, x, round_ticks(x), y, round_ticks(y),
                  limit_lines(facts, side, x, most) + front_steps(facts, side, x, y) + cost_marks(facts, side, x, y) +
                      best_rings(facts, side, x, y));
}

/// Best trials and finalists, with those that they train anew.
std::set<int> emphasised(const ReportFacts& facts) {
  std::set<int> numbers;
  for (const auto& [budget, number] : facts.best) numbers.insert(number);
  for (const Trial& trial : facts.view.trials) {
    if (is_finalist(trial.proposal.number)) numbers.insert(trial.proposal.number);
  }
  for (const int number : std::set(numbers)) {
    if (is_finalist(number)) numbers.insert(finalist_of(number));
  }
  return numbers;
}

struct CurveAxes {
  PlotAxis x, y;
  std::vector<int> epochs;  ///< of all rungs with a result, rising
};

CurveAxes axes_of_curves(const ReportFacts& facts) {
  ValueRange epochs, accuracies;
  std::set<int> seen;
  for (const Trial& trial : facts.view.trials) {
    for (const Rung& rung : trial.rungs) {
      if (!rung.result) continue;
      epochs.take(rung.epochs);
      accuracies.take(rung.result->int8_validation);
      seen.insert(rung.epochs);
    }
  }
  return {.x = log_axis(epochs, 1.08), .y = accuracy_axis(accuracies), .epochs = {seen.begin(), seen.end()}};
}

std::string curve_svg(const Trial& trial, const CurveAxes& axes, const std::string& weight) {
  std::vector<PlotPoint> points;
  double accuracy = 0.0;
  int epochs = 0;
  for (const Rung& rung : trial.rungs) {
    if (!rung.result) continue;
    accuracy = rung.result->int8_validation;
    epochs = rung.epochs;
    points.push_back({axes.x.place(epochs), axes.y.place(100.0 * accuracy)});
  }
  if (points.empty()) return "";
  const Proposal& proposal = trial.proposal;
  const std::size_t kind = kind_of(proposal.design.type());
  const std::string line = points.size() > 1 ? path_svg("curve " + weight + " " + kind_class(kind), points) : "";
  return line + mark_svg(kind, weight == "strong" ? "full" : weight, points.back().x, points.back().y, "",
                         "trial " + grouped(proposal.number) + ": " + proposal.design.name + " (" +
                             std::string(state_name(trial.state)) + "), " + percent(accuracy) +
                             " int8 validation after " + grouped(epochs) + " epochs");
}

}  // namespace

std::string best_of_budgets(const ReportFacts& facts, int trial) {
  std::string names;
  for (const Budget& budget : facts.budgets) {
    const auto best = facts.best.find(budget.name);
    if (best != facts.best.end() && best->second == trial) names += (names.empty() ? "" : ", ") + budget.name;
  }
  return names;
}

std::size_t kind_of(const std::string& type) {
  const std::vector<std::string>& types = network_types();
  return static_cast<std::size_t>(std::ranges::find(types, type) - types.begin());
}

std::string types_legend(const ReportFacts& facts) {
  std::set<std::string> present;
  for (const Trial& trial : facts.view.trials) {
    if (begun(trial)) present.insert(trial.proposal.design.type());
  }
  std::string items;
  for (const std::string& type : network_types()) {
    if (present.contains(type)) items += "<li>" + mark_sample(kind_of(type)) + html_text(type) + "</li>";
  }
  return "<ul class=\"legend\" aria-label=\"markers of the network types\">" + items + "</ul>\n";
}

std::string memory_picture(const ReportFacts& facts) {
  return cost_picture(facts, {.id = "memory",
                              .title = "int8 validation accuracy against memory",
                              .label = "memory, KiB",
                              .unit = 1024.0,
                              .measure = MeasureId::memory});
}

std::string ops_picture(const ReportFacts& facts) {
  return cost_picture(facts, {.id = "ops",
                              .title = "int8 validation accuracy against operations",
                              .label = "operations per inference, millions",
                              .unit = 1e6,
                              .measure = MeasureId::ops});
}

std::string curves_picture(const ReportFacts& facts) {
  const CurveAxes axes = axes_of_curves(facts);
  const std::set<int> strong = emphasised(facts);
  std::string pale, plain, top;
  for (const Trial& trial : facts.view.trials) {
    if (strong.contains(trial.proposal.number)) {
      top += curve_svg(trial, axes, "strong");
    } else if (trial.state == TrialState::done) {
      plain += curve_svg(trial, axes, "");
    } else {
      pale += curve_svg(trial, axes, "pale");
    }
  }
  const PlotText text{.id = "curves",
                      .title = "int8 validation accuracy against epochs",
                      .note = "A curve for each trial, from its first rung to its last.",
                      .x = "epochs",
                      .y = "int8 validation, %"};
  return plot_svg(text, axes.x, ticks_at(axes.x, axes.epochs), axes.y, round_ticks(axes.y), pale + plain + top);
}

}  // namespace kws
