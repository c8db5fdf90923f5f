#include "search_plan.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>
#include <vector>

#include "kws/core/parallel.h"
#include "kws/core/table.h"
#include "kws/cost/cost.h"
#include "kws/pipeline/train_bench.h"
#include "kws/search/epoch_times.h"
#include "kws/search/finalists.h"
#include "kws/search/kept_overhead.h"
#include "kws/search/plan.h"
#include "kws/search/proposals.h"
#include "log.h"
#include "rows.h"

namespace kws::cli {
namespace {

Json proposal_row(const Proposal& proposal, const Part& part) {
  const FeatureOptions& features = proposal.design.features;
  Json row = {{"trial", proposal.number},
              {"budget", proposal.budget},
              {"type", proposal.design.type()},
              {"name", proposal.design.name}};
  row.update(needs_to_json(needs_of(proposal.design, part)));
  row.update({{"parameters", hello_edge_cost(build_graph(proposal.design)).parameters},
              {"kind", features.kind},
              {"coefficients", features.coefficients},
              {"window_ms", features.window_ms},
              {"stride_ms", features.stride_ms},
              {"peak_rate", proposal.training.optimizer.peak_rate}});
  return row;
}

/// How fast the first designs of each type train on this machine, `at_once` beside each other: they share its memory.
std::vector<FirstDesign> measured(const SearchOptions& options, Isa isa, std::size_t clips, int at_once) {
  constexpr int kFirst = 60;  // published networks, so that all types have theirs
  constexpr std::size_t kOfEachType = 3;
  constexpr double kSeconds = 0.2;  // of each
  get_ready_to_train();
  Proposer proposer(options);
  const std::vector<Proposal> begin = first_proposals(proposer, options.budgets().size(), kFirst);
  std::vector<FirstDesign> first;
  for (Proposal& proposal : few_of_each_type(begin, kOfEachType)) first.push_back({.proposal = std::move(proposal)});
  parallel_for_each_index(first.size(), at_once, [&](std::size_t i) {
    const double speed = training_speed(first[i].proposal.design, isa, kSeconds);
    first[i].step_seconds = static_cast<double>(clips) / speed;
  });
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
void leave_out_slow(const SearchRequest& request, SearchOptions& options, std::vector<FirstDesign>& first,
                    int at_once) {
  const double seconds = *request.seconds;
  const auto leave_out = [&](const std::string& what, const char* remedy,
                             const std::function<bool(const Design&)>& slow) {
    std::erase_if(first, [&](const FirstDesign& one) { return slow(one.proposal.design); });
    if (what.empty()) return;
    log().warn("{}: left out, training is too slow here for a search of {}; a longer --time or {}", what,
               describe_time(seconds), remedy);
  };
  if (!request.types_given) {
    for (const std::string& type : slow_types(first, seconds * at_once)) {
      std::erase(options.types, type);
      leave_out(type, "--types takes it in", [&](const Design& design) { return design.type() == type; });
    }
  }
  if (!request.given.contains("max_training_cost")) {
    options.max_training_cost = std::ceil(most_training_cost(first, seconds));
  }
  const auto slow = [&](const Design& design) {
    return options.max_training_cost > 0.0 && training_cost(design) > options.max_training_cost;
  };
  leave_out(published_that_are(options, slow), "a higher --max-training-cost takes more in", slow);
}

KeptOverhead overhead_kept(const PlanData& data, Isa isa, int at_once) {
  return {data.cache,
          {{"data", data.fingerprint},
           {"clips", data.clips},
           {"cpu", cpu_name()},
           {"isa", isa_name(isa)},
           {"at_once", at_once}}};
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

/// The pace of the first designs; takes out of `options` what is too slow for the time, where there is one.
///   evaluator  trains some of them for what takes time beside their steps, unless that is known from another time;
///              nullptr: nothing is trained
TrainingPace measured_pace(const SearchRequest& request, SearchOptions& options, Isa isa, const PlanData& data,
                           Evaluator* evaluator) {
  constexpr double kMeasuring = 0.03;  // of the time
  const AtOnce at_once = trainings_at_once(request);
  std::vector<FirstDesign> first = measured(options, isa, data.clips, at_once.here);
  if (request.seconds) leave_out_slow(request, options, first, at_once.all);
  const KeptOverhead kept = overhead_kept(data, isa, at_once.here);
  std::optional<Overhead> overhead = kept.read(first);
  if (!overhead && evaluator != nullptr) {
    overhead = measure_overhead(first, *evaluator, at_once.here, kMeasuring * *request.seconds);
    kept.write(first, *overhead);
  }
  return pace_of(first, overhead.value_or(kExpectedOverhead), at_once.all);
}

/// An integer where 64 bits hold it.
Json whole_number(double value) { return value < 0x1p63 ? Json(static_cast<std::int64_t>(value)) : Json(value); }

}  // namespace

SearchOptions plan_search(const SearchRequest& request, Evaluator& evaluator, Isa isa, const PlanData& data,
                          const std::optional<SearchOptions>& before) {
  SearchOptions options = request.options;
  if (before) {
    if (!request.types_given) options.types = before->types;
    if (request.time_given) {
      log().warn(
          "--time: the study has its plan, {} trials of up to {} epochs, and keeps it; --max-trials and --epochs "
          "may be raised",
          grouped(before->max_trials), grouped(before->epochs));
    }
    return as_planned_before(options, *before, request.given);
  }
  if (!request.seconds) return options;
  log().info("measuring how long training takes here");
  const TrainingPace pace = measured_pace(request, options, isa, data, &evaluator);
  options = planned(options, pace, *request.seconds, request.given);
  options.pace = pace;
  log().info("plan: {}", describe_plan(options, pace));
  return options;
}

void print_plan(const SearchRequest& request, Isa isa, const std::optional<PlanData>& data, const Output& format) {
  constexpr int kShown = 28;
  constexpr int kDraws = 20000, kDrawsOfPart = 2000;  // whose sizes and times take longer to find
  SearchOptions options = request.options;
  const std::size_t budgets = options.budgets().size();
  const TrainingPace pace = data ? measured_pace(request, options, isa, *data, nullptr) : TrainingPace();
  if (data && request.seconds) options = planned(options, pace, *request.seconds, request.given);
  Json proposals = Json::array(), shares = Json::array();
  Proposer proposer(options);
  const int all = request.seconds && !data ? kShown : options.max_trials;
  const int few = std::min({all, kShown, static_cast<int>(options.types.size() * budgets)});
  for (const Proposal& proposal : first_proposals(proposer, budgets, few)) {
    Json& row = proposals.emplace_back(proposal_row(proposal, options.target()));
    if (format == Format::json) row["design"] = design_to_json(proposal.design);
  }
  for (const std::string& warning : proposer.warnings()) log().warn(warning);
  for (const FitShare& share : fit_shares(options, options.part() ? kDrawsOfPart : kDraws)) {
    shares.push_back({{"type", share.type},
                      {"designs", whole_number(space_designs(options.space, share.type))},
                      {"budget", share.budget},
                      {"share_of_draws_that_fits", share.share}});
  }
  const int epochs = expected_epochs(options.schedule(), budgets) + finalist_epochs(options);
  if (format == Format::json) {
    const Json json = {{"schema", "kwsmith.proposals/1"},
                       {"proposals", proposals},
                       {"fit_shares", shares},
                       {"expected_epochs", epochs},
                       {"expected_seconds", data ? Json(planned_seconds(options, pace)) : Json()}};
    std::cout << text_of(json, 2) << "\n";
    return;
  }
  print_rows(proposals, format);
  if (format == Format::csv) return;  // one CSV holds one table
  std::cout << "\n";
  print_rows(shares, Output{format.format, format.wide, {}});
  std::cout << "\n";
  if (data) {
    std::cout << describe_plan(options, pace) << " with " << counted(pace.at_once, "training") << " at once"
              << (options.threads > 0 ? " on this machine" : ", each as fast as here") << "\n";
  } else if (request.seconds) {
    std::cout << "give --data to know the plan for " << describe_time(*request.seconds) << "\n";
  } else {
    std::cout << "about " << grouped(epochs)
              << " epochs, those of finalists among them; give --data to know the time\n";
  }
}

}  // namespace kws::cli
