#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kws/core/options.h"
#include "kws/search/evaluator.h"

namespace kws {

/// waiting: a rung is still to be reached; stopped: others went on; done: trained in full.
enum class TrialState { waiting, stopped, done, failed };
std::string_view state_name(TrialState state);  ///< "waiting", "stopped", "done", "failed"

/// A step of a trial's training.
struct Rung {
  int epochs = 0;
  std::string decided;                ///< why it was trained that far, in words
  std::optional<TrialResult> result;  ///< model and checkpoint stay in the store; nothing: it failed
  std::string failure;
};

/// One trial of the study.
struct Trial {
  Proposal proposal;
  TrialState state = TrialState::waiting;
  std::string reason = {};       ///< why it stands where it does; the failure, once failed
  std::vector<Rung> rungs = {};  ///< rising
  /// Of the highest rung; nullptr: none yet, or failed there.
  [[nodiscard]] const TrialResult* result() const {
    return rungs.empty() || !rungs.back().result ? nullptr : &*rungs.back().result;
  }
};

/// Where a search has left a trial.
struct Standing {
  int number = 0;
  int epochs = 0;  ///< of its highest rung that counts
  TrialState state = TrialState::waiting;
  std::string reason;
};

Json proposal_to_json(const Proposal& proposal);
Proposal proposal_from_json(const Json& json, const std::string& origin);

/// All trials of one search in FOLDER/study.db (SQLite). Every change is one transaction, so a process that is killed
/// leaves the state before it or after it; FOLDER/study.lock keeps a second search out while one runs. Thread-safe.
/// Tables: config(json) one row; trials(number, proposal, checkpoint of the last rung); rungs(number, epochs, decided,
/// result or failure, model); standings(number, epochs, state, reason) as the last run left them; tests(number,
/// result).
class Study {
 public:
  /// Opens the study of `folder`, or makes it.
  ///   throws  Error  Exit::usage: made with another config (says what differs); Exit::failed: the folder cannot be
  ///                  written; Exit::store: in use, damaged, disk full
  Study(const std::filesystem::path& folder, const Json& config);
  ~Study();

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  /// A new trial, waiting; nothing happens when the study has its number.
  void add(const Proposal& proposal);
  /// A rung is reached; the checkpoint takes the place of the one before.
  ///   decided  why the trial was trained that far
  void finish(int number, int epochs, const std::string& decided, const TrialResult& result);
  void fail(int number, int epochs, const std::string& decided, const std::string& failure);
  /// Another reason for a rung that is known already.
  void decide(int number, int epochs, const std::string& decided);
  /// Replaces all standings.
  void stand(const std::vector<Standing>& standings);

  /// By number.
  [[nodiscard]] std::vector<Trial> trials() const;
  /// The same of a study that another process may be working on.
  ///   throws  Error  Exit::usage: no study there; Exit::store: damaged
  static std::vector<Trial> read_trials(const std::filesystem::path& folder);
  /// The config it was made with; throws as read_trials.
  static Json read_config(const std::filesystem::path& folder);
  [[nodiscard]] std::string model(int number, int epochs) const;
  [[nodiscard]] std::string checkpoint(int number) const;

  /// What the test split said about a trial's model; it is read once.
  void set_test(int number, const TestResult& test);
  [[nodiscard]] std::optional<TestResult> test(int number) const;

 private:
  struct Store;
  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
};

/// "search.seed: 7 there, 8 here" for the first value that differs, "" when none does.
std::string config_difference(const Json& there, const Json& here);

}  // namespace kws
