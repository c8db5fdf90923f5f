#pragma once

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "kws/search/driver.h"
#include "temp_folder.h"

namespace kws::testing {

/// Scores a design by a formula, so that a whole search takes milliseconds: accuracy grows with log(parameters), plus
/// noise from the design's hash.
class FakeEvaluator : public Evaluator {
 public:
  TrialResult run(const Proposal& proposal, int epochs, const std::string& checkpoint,
                  const TrialProgress& progress) override {
    if (before_run) before_run(proposal, epochs);
    if (damaged && damaged(proposal, checkpoint)) {
      throw DamagedCheckpoint("stored checkpoint of trial " + std::to_string(proposal.number) + ": is none");
    }
    // Trials end in another order than they start in.
    std::this_thread::sleep_for(pause * (7 - proposal.number % 7));
    const int from = checkpoint.empty() ? 0 : std::stoi(checkpoint.substr(checkpoint.find(' ')));
    if (from > 0 && std::stoi(checkpoint) != proposal.number) throw std::logic_error("another trial's checkpoint");
    for (int epoch = from + 1; epoch <= epochs; ++epoch) {
      if (each_epoch) each_epoch(proposal, epoch);
      progress(epoch, [&] { return std::to_string(proposal.number) + " " + std::to_string(epoch); });
    }
    {
      const std::scoped_lock lock(mutex_);
      ran.emplace_back(proposal.number, epochs);
      trained += epochs - from;
    }
    const auto parameters = static_cast<double>(hello_edge_cost(build_graph(proposal.design)).parameters);
    const int noise = std::stoi(design_hash(proposal.design).substr(0, 4), nullptr, 16);
    TrialResult result;
    result.float_validation = 0.5 + 0.03 * std::log(parameters) + 1e-6 * noise - 0.1 / epochs;
    result.int8_validation = result.float_validation - 0.01;
    result.best_epoch = result.epochs = epochs;
    result.seconds = static_cast<double>(++calls_) / 3.0;
    result.model = "model of trial " + std::to_string(proposal.number) + std::string(model_bytes, '.');
    result.checkpoint =
        std::to_string(proposal.number) + " " + std::to_string(epochs) + std::string(checkpoint_bytes, '.');
    return result;
  }
  TestResult test(const Proposal& /*proposal*/, const std::string& model) override {
    tested.push_back(model);
    return {.float_accuracy = 0.9, .int8_accuracy = 0.89, .clips = 100};
  }
  void write_model(const Proposal& /*proposal*/, const std::string& model, const TestResult& /*test*/,
                   const std::filesystem::path& folder) override {
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "model.txt") << model;
  }
  std::function<void(const Proposal&, int epochs)> before_run, each_epoch;
  std::function<bool(const Proposal&, const std::string& checkpoint)> damaged;
  std::chrono::microseconds pause{200};               ///< of the quickest trials
  std::vector<std::pair<int, int>> ran;               ///< trial and epochs reached, in the order they ended
  int trained = 0;                                    ///< epochs in all
  std::size_t model_bytes = 0, checkpoint_bytes = 0;  ///< beside the few that say whose they are
  std::vector<std::string> tested;                    ///< models that saw the test split

 private:
  std::mutex mutex_;
  std::atomic<int> calls_ = 0;
};

/// Keeps what it is told.
class RecordingSink : public ProgressSink {
 public:
  void warn(const std::string& line) override { warnings.push_back(line); }
  void progress(const SearchProgress& progress) override {
    if (last.epochs == 0) first = progress;
    last = progress;
  }
  void rung_ended(const Proposal& proposal, const Rung& rung) override {
    ended.emplace_back(proposal.number, rung.epochs);
  }
  std::vector<std::string> warnings;
  std::vector<std::pair<int, int>> ended;
  SearchProgress first, last;
};

/// In memory where the system has such a folder: the store waits for the disk at every change.
class StudyFolder : public test::TemporaryFolder {
 public:
  StudyFolder()
      : test::TemporaryFolder(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path()) {}
};

inline SearchOptions two_budgets() {
  SearchOptions options;
  options.budget_names = {"small", "medium"};
  options.types = network_types();
  options.epochs = 9;
  options.seed = 7;
  options.finalists = 0;
  options.first_rung = 1;
  options.no_prior = true;
  return options;
}

/// What a study says its search is, where a test does not care.
inline const Json kStudyConfig = {{"seed", 7}};

inline SearchOutcome search(const SearchOptions& options, FakeEvaluator& evaluator,
                            const std::filesystem::path& folder) {
  Study study(folder, kStudyConfig);
  RecordingSink sink;
  return run_search(options, evaluator, study, sink);
}

}  // namespace kws::testing
