#include "search_plan.h"

#include <algorithm>
#include <iostream>
#include <vector>

#include "kws/core/table.h"
#include "kws/cost/cost.h"
#include "kws/pipeline/train_bench.h"
#include "kws/search/finalists.h"
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

/// The pace of a search, judged by the speed at which its first designs train on this machine.
TrainingPace expected_pace(const SearchOptions& options, Isa isa, const std::vector<Design>& first, std::size_t clips) {
  constexpr double kMeasured = 0.1;     // seconds of each
  constexpr double kRungSeconds = 0.5;  // of calibration and validation
  get_ready_to_train();
  double trained = 0.0;  // seconds of a clip
  for (const Design& design : first) trained += 1.0 / training_speed(design, isa, kMeasured);
  return {.epoch_seconds = trained / static_cast<double>(first.size()) * static_cast<double>(clips),
          .rung_seconds = kRungSeconds,
          .at_once = std::clamp(options.threads, 1, options.slots)};
}

/// An integer where 64 bits hold it.
Json whole_number(double value) { return value < 0x1p63 ? Json(static_cast<std::int64_t>(value)) : Json(value); }

}  // namespace

SearchOptions plan_search(const SearchRequest& request, Evaluator& evaluator,
                          const std::filesystem::path& config_file) {
  constexpr double kMeasuring = 0.03;  // of the time
  SearchOptions options = request.options;
  if (std::filesystem::exists(config_file)) {
    return as_planned_before(options, search_options_from_json(load_json(config_file), config_file), request.given);
  }
  if (!request.seconds) return options;
  const int at_once = options.threads > 0 ? std::min(options.threads, options.slots) : options.slots;
  log().info("measuring how long training takes here");
  const TrainingPace pace =
      measure_pace(options, evaluator, options.threads > 0 ? at_once : 1, kMeasuring * *request.seconds);
  options = planned(options, {pace.epoch_seconds, pace.rung_seconds, at_once}, *request.seconds);
  Json fixed = Json::object();
  for (const std::string& name : planned_options()) {
    if (request.given.contains(name)) fixed[name] = request.given.at(name);
  }
  read_options(fixed, options, "command line", "search");
  log().info("plan: {}", describe_plan(options, {pace.epoch_seconds, pace.rung_seconds, at_once}));
  return options;
}

void print_plan(SearchOptions options, Isa isa, std::optional<std::size_t> clips, std::optional<double> seconds,
                const Output& format) {
  constexpr int kDraws = 20000, kDrawsOfPart = 2000;  // whose sizes and times take longer to find
  constexpr int kMostShown = 28;
  Proposer proposer(options);
  Json proposals = Json::array(), shares = Json::array();
  const std::size_t budgets = options.budgets().size();
  std::vector<Design> designs;
  // Later ones depend on what the first ones come to.
  const int first = std::min(
      {seconds ? kMostShown : options.max_trials, kMostShown, static_cast<int>(options.types.size() * budgets)});
  for (int number = 0; number < first; ++number) {
    const auto proposed = proposer.propose(static_cast<std::size_t>(number) % budgets, number, {});
    if (!proposed) continue;
    const Proposal& proposal = proposed->proposal;
    designs.push_back(proposal.design);
    Json row = proposal_row(proposal, options.target());
    if (format == Format::json) row["design"] = design_to_json(proposal.design);
    proposals.push_back(std::move(row));
  }
  for (const std::string& warning : proposer.warnings()) log().warn(warning);
  for (const FitShare& share : fit_shares(options, options.part() ? kDrawsOfPart : kDraws)) {
    shares.push_back({{"type", share.type},
                      {"designs", whole_number(space_designs(options.space, share.type))},
                      {"budget", share.budget},
                      {"share_of_draws_that_fits", share.share}});
  }
  const TrainingPace pace = clips ? expected_pace(options, isa, designs, *clips) : TrainingPace();
  if (clips && seconds) options = planned(options, pace, *seconds);
  const int epochs = expected_epochs(options.schedule(), budgets) + finalist_epochs(options);
  if (format == Format::json) {
    const Json json = {{"schema", "kwsmith.proposals/1"},
                       {"proposals", proposals},
                       {"fit_shares", shares},
                       {"expected_epochs", epochs},
                       {"expected_seconds", clips ? Json(planned_seconds(options, pace)) : Json()}};
    std::cout << text_of(json, 2) << "\n";
    return;
  }
  print_rows(proposals, format);
  if (format == Format::csv) return;  // one CSV holds one table
  std::cout << "\n";
  print_rows(shares, Output{format.format, format.wide, {}});
  std::cout << "\n";
  if (clips) {
    std::cout << describe_plan(options, pace) << " with " << pace.at_once << " trainings at once on this machine\n";
  } else if (seconds) {
    std::cout << "give --data to know the plan for " << describe_time(*seconds) << "\n";
  } else {
    std::cout << "about " << grouped(epochs)
              << " epochs, those of finalists among them; give --data to know the time\n";
  }
}

}  // namespace kws::cli
