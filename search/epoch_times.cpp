#include "kws/search/epoch_times.h"

#include <algorithm>
#include <utility>

#include "kws/cost/cost.h"
#include "kws/graph/training_work.h"

namespace kws {

double training_cost(const Design& design) {
  constexpr double kMillion = 1e6;
  constexpr double kClip = 0.6;  // its features and what a small network takes in any case
  const Graph graph = build_graph(design);
  double numbers = 0.0;
  for (const Layer& layer : graph.layers()) numbers += layer.output.elements();
  return kClip + (static_cast<double>(hello_edge_cost(graph).macs) + kValueWork * numbers) / kMillion;
}

void EpochTimes::add(int design, const EpochSpan& epochs, double seconds) {
  if (epochs.to <= epochs.from) return;
  if (const double plain = epoch_seconds(design); epochs.from >= epochs.plain && knows(design) && plain > 0.0) {
    quant_aware_.epochs += epochs.to - epochs.from;
    quant_aware_.seconds += seconds / plain;
    return;
  }
  Sum& sum = designs_[design];
  sum.epochs += plain_epochs(epochs);
  sum.seconds += seconds;
}

double EpochTimes::epoch_seconds(int design) const {
  const auto found = designs_.find(design);
  return found == designs_.end() ? epoch_seconds() : found->second.each();
}

double EpochTimes::epoch_seconds() const {
  double sum = 0.0;
  for (const auto& [design, known] : designs_) sum += known.each();
  return designs_.empty() ? 0.0 : sum / static_cast<double>(designs_.size());
}

double EpochTimes::plain_epochs(const EpochSpan& epochs) const {
  const int plain = std::max(0, std::min(epochs.to, epochs.plain) - epochs.from);
  const int quant_aware = std::max(0, epochs.to - std::max(epochs.from, epochs.plain));
  return plain + quant_aware * (quant_aware_.epochs > 0.0 ? quant_aware_.each() : kQuantAwareCost);
}

double TrainingTimeLeft::ended(int epoch, double seconds) {
  constexpr int kDesign = 0;
  const EpochSpan one{.from = epoch - 1, .to = epoch, .plain = plain_};
  const EpochSpan rest{.from = epoch, .to = all_, .plain = plain_};
  // The first one makes what later ones find, so that it counts only as long as there is no other.
  const bool first = !std::exchange(begun_, true);
  if (!first) times_.add(kDesign, one, seconds);
  const double each = first ? seconds / times_.plain_epochs(one) : times_.epoch_seconds(kDesign);
  return each * times_.plain_epochs(rest);
}

}  // namespace kws
