#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kws/core/options.h"
#include "kws/search/evaluator.h"

namespace kws {

enum class TrialState { waiting, done, failed };
std::string_view state_name(TrialState state);  ///< "waiting", "done", "failed"

/// One row of the study.
struct Trial {
  Proposal proposal;
  TrialState state = TrialState::waiting;
  TrialResult result;  ///< once done; its `model` stays in the store (Study::model)
  std::string reason;  ///< once failed
};

Json proposal_to_json(const Proposal& proposal);
Proposal proposal_from_json(const Json& json, const std::string& origin);

/// All trials of one search in FOLDER/study.db (SQLite). Every change is one transaction, so a process that is killed
/// leaves the state before it or after it; FOLDER/study.lock keeps a second search out while one runs. Thread-safe.
/// Tables: config(json) one row; trials(number, state, proposal, result, reason, model); tests(number, result).
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
  void finish(int number, const TrialResult& result);
  void fail(int number, const std::string& reason);

  /// By number.
  [[nodiscard]] std::vector<Trial> trials() const;
  /// The same of a study that another process may be working on.
  ///   throws  Error  Exit::usage: no study there; Exit::store: damaged
  static std::vector<Trial> read_trials(const std::filesystem::path& folder);
  [[nodiscard]] std::string model(int number) const;

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
