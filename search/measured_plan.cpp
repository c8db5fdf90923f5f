#include "kws/search/measured_plan.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "kws/core/interrupt.h"
#include "kws/core/parallel.h"
#include "kws/core/table.h"
#include "kws/cost/cost.h"
#include "kws/search/epoch_times.h"
#include "kws/search/kept_overhead.h"
#include "kws/search/plan.h"
#include "kws/search/proposals.h"

namespace kws {
namespace {

/// How fast the first designs of each type train on this machine, `at_once` beside each other: they share its memory.
std::vector<FirstDesign> measured(const SearchOptions& options, const TrainingSite& site, int at_once) {
  constexpr int kDesigns = 60;  // published networks, so that all types have theirs
  constexpr std::size_t kOfEachType = 3;
  Proposer proposer(options);
  const std::vector<Proposal> begin = first_proposals(proposer, options.budgets().size(), kDesigns);
  std::vector<FirstDesign> first;
  for (Proposal& proposal : few_of_each_type(begin, kOfEachType)) first.push_back({.proposal = std::move(proposal)});
  parallel_for_each_index(first.size(), at_once, [&](std::size_t i) {
    first[i].step_seconds = static_cast<double>(site.clips) / site.speed(first[i].proposal.design);
  });
  if (interrupted()) throw Interrupted{};  // some speeds are of no step at all
  return first;
}

/// "ds_cnn_l, cnn_l and 7 more published networks", of those that keep a budget and for which `slow` holds; "": none.
std::string published_that_are(const SearchOptions& options, const std::function<bool(const Design&)>& slow) {
  constexpr std::size_t kNamed = 3;
  std::vector<std::string> names;
  for (const Design& design : known_designs()) {
    const Needs needs = needs_of(design, options.part());
    const std::vector<Budget> budgets = options.budgets();
    const bool wanted = std::ranges::find(options.types, design.type()) != options.types.end();
    const bool keeps = std::ranges::any_of(budgets, [&](const Budget& budget) { return budget.fits(needs); });
    if (wanted && keeps && slow(design)) names.push_back(design.name);
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(kNamed, names.size()); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kNamed) {
    text += " and " + counted(std::ssize(names) - static_cast<std::ptrdiff_t>(kNamed), "more published network");
  }
  return text;
}

/// Takes the types and designs out that would take the time of all the others.
void leave_out_slow(const SearchRequest& request, int at_once, MeasuredPlan& plan, std::vector<FirstDesign>& first) {
  const double seconds = *request.seconds;
  const auto leave_out = [&](const std::string& what, const std::string& remedy,
                             const std::function<bool(const Design&)>& slow) {
    std::erase_if(first, [&](const FirstDesign& one) { return slow(one.proposal.design); });
    if (what.empty()) return;
    plan.left_out.push_back(what + ": left out, training is too slow here for a search of " + describe_time(seconds) +
                            "; a longer --time or " + remedy);
  };
  if (!request.types_given) {
    for (const std::string& type : slow_types(first, seconds * at_once)) {
      std::erase(plan.options.types, type);
      leave_out(type, "--types takes it in", [&](const Design& design) { return design.type() == type; });
    }
  }
  double& limit = plan.options.max_training_cost;
  if (!request.given.contains("max_training_cost")) limit = std::ceil(most_training_cost(first, seconds));
  const auto slow = [&](const Design& design) { return limit > 0.0 && training_cost(design) > limit; };
  if (const std::string names = published_that_are(plan.options, slow); !request.given.contains("max_training_cost")) {
    leave_out(names, "a higher --max-training-cost takes more in", slow);
  } else if (std::erase_if(first, [&](const FirstDesign& one) { return slow(one.proposal.design); }); !names.empty()) {
    plan.left_out.push_back(names + ": left out by --max-training-cost");
  }
}

/// Where no training has been timed: as if measuring at a rung always took the same.
constexpr Overhead kExpectedOverhead = {.epoch_seconds = 0.0, .rung_seconds = 0.5};

/// Trainings that run at once: in the search, and here while their pace is measured.
struct AtOnce {
  int all = 1, here = 1;
};
AtOnce trainings_at_once(const SearchRequest& request) {
  const SearchOptions& options = request.options;
  if (options.threads == 0) return {.all = options.slots, .here = 1};        // this machine is one of many
  const bool planned = request.seconds && !request.given.contains("slots");  // which has slots enough for all
  const int threads = planned ? options.threads : std::min(options.threads, options.slots);
  return {.all = threads, .here = threads};
}

}  // namespace

MeasuredPlan measured_plan(const SearchRequest& request, const TrainingSite& site) {
  constexpr double kMeasuring = 0.03;  // of the time
  MeasuredPlan plan{.options = request.options, .pace = {}, .left_out = {}};
  const AtOnce at_once = trainings_at_once(request);
  std::vector<FirstDesign> first = measured(plan.options, site, at_once.here);
  if (request.seconds) leave_out_slow(request, at_once.all, plan, first);
  Json circumstances = site.circumstances;
  circumstances["at_once"] = at_once.here;
  const KeptOverhead kept(site.cache, circumstances);
  std::optional<Overhead> overhead = kept.read(first);
  if (!overhead && site.evaluator != nullptr && request.seconds) {
    overhead = measure_overhead(first, *site.evaluator, at_once.here, kMeasuring * *request.seconds);
    kept.write(first, *overhead);
  }
  plan.pace = pace_of(first, overhead.value_or(kExpectedOverhead), at_once.all);
  if (request.seconds) plan.options = planned(plan.options, plan.pace, *request.seconds, request.given);
  return plan;
}

}  // namespace kws
