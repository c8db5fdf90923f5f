#include "search_plan.h"

#include <algorithm>
#include <iostream>

#include "kws/core/table.h"
#include "kws/cost/cost.h"
#include "kws/pipeline/train_bench.h"
#include "kws/search/finalists.h"
#include "kws/search/measured_plan.h"
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

/// This machine, whose steps are measured for a moment each.
TrainingSite site_of(const PlanData& data, Isa isa, Evaluator* evaluator) {
  constexpr double kSeconds = 0.2;  // of each design
  get_ready_to_train();
  return {
      .speed = [isa](const Design& design) { return training_speed(design, isa, kSeconds); },
      .clips = data.clips,
      .cache = data.cache,
      .circumstances = {{"data", data.fingerprint}, {"clips", data.clips}, {"cpu", cpu_name()}, {"isa", isa_name(isa)}},
      .evaluator = evaluator};
}

MeasuredPlan measured_here(const SearchRequest& request, const TrainingSite& site) {
  MeasuredPlan plan = measured_plan(request, site);
  for (const std::string& line : plan.left_out) log().warn(line);
  return plan;
}

/// An integer where 64 bits hold it.
Json whole_number(double value) { return value < 0x1p63 ? Json(static_cast<std::int64_t>(value)) : Json(value); }

}  // namespace

SearchOptions continued(const SearchRequest& request, const SearchOptions& before) {
  SearchOptions options = request.options;
  if (!request.types_given) options.types = before.types;
  options = as_planned_before(options, before, request.given);
  if (request.time_given) {
    log().warn(
        "--time: the study has its plan and keeps it, {} trials of up to {} epochs; --max-trials and --epochs may be "
        "raised",
        grouped(options.max_trials), grouped(options.epochs));
  }
  return options;
}

SearchOptions plan_search(const SearchRequest& request, Evaluator& evaluator, Isa isa, const PlanData& data) {
  if (!request.seconds) return request.options;
  log().info("measuring how long training takes here");
  MeasuredPlan plan = measured_here(request, site_of(data, isa, &evaluator));
  log().info("plan: {}", describe_plan(plan.options, plan.pace));
  plan.options.pace = plan.pace;
  return plan.options;
}

void print_plan(const SearchRequest& request, Isa isa, const std::optional<PlanData>& data, const Output& format) {
  constexpr int kShown = 28;
  constexpr int kDraws = 20000, kDrawsOfPart = 2000;  // whose sizes and times take longer to find
  const MeasuredPlan plan = data ? measured_here(request, site_of(*data, isa, nullptr))
                                 : MeasuredPlan{.options = request.options, .pace = {}, .left_out = {}};
  const SearchOptions& options = plan.options;
  const TrainingPace& pace = plan.pace;
  const std::size_t budgets = options.budgets().size();
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
