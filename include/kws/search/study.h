#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kws/core/options.h"
#include "kws/search/evaluator.h"

namespace kws {

/// waiting: a rung is still to be reached; stopped: others went on; done: trained in full.
enum class TrialState { waiting, stopped, done, failed };
inline constexpr std::array kTrialStates = {TrialState::waiting, TrialState::stopped, TrialState::done,
                                            TrialState::failed};
std::string_view state_name(TrialState state);  ///< "waiting", "stopped", "done", "failed"

/// A step of a trial's training.
struct Rung {
  int epochs = 0;
  std::string reason;                 ///< why it was trained that far, in words; "decided" in files and in the store
  std::optional<TrialResult> result;  ///< model and checkpoint stay in the store; nothing: it failed
  std::string failure;
};

/// One trial of the study.
struct Trial {
  Proposal proposal;
  TrialState state = TrialState::waiting;
  std::string reason = {};       ///< why it stands where it does; the failure, once failed
  std::vector<Rung> rungs = {};  ///< rising
  bool stands = false;           ///< the last search has decided on it, others are of an earlier one
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

/// How far a search is.
struct SearchProgress {
  int trials_done = 0, trials = 0;          ///< that have reached their first rung, earlier runs included
  int epochs_done = 0;                      ///< of this run
  int epochs_known = 0;                     ///< taken from earlier runs
  int epochs = 0;                           ///< that both are expected to come to
  std::optional<double> seconds_left = {};  ///< until the search is over; nothing: no epoch has been timed yet

  [[nodiscard]] int done() const { return epochs_done + epochs_known; }
  /// What is expected is no promise.
  [[nodiscard]] int total() const { return std::max(done(), epochs); }
};

/// A step of training that a worker has taken on. Nobody else gets it until the lease runs out; a later holder has
/// another fence, and what an earlier one then delivers is refused.
struct Lease {
  int trial = 0;
  int from = 0, to = 0;  ///< epochs
  std::string reason;    ///< why it is trained that far, in words
  std::int64_t fence = 0;
  double seconds = 0.0;  ///< that the step has taken up to the checkpoint it goes on from
};

/// All trials of one search in one store: FOLDER/study.db (SQLite) or a database of a PostgreSQL server, with the same
/// tables and statements. Every change is one transaction, so a process that is killed leaves the state before it or
/// after it. One search decides, any number of workers train: the search offers jobs, a worker claims one under a lease
/// that it renews, and delivers. Thread-safe.
/// Tables: config(json) one row; trials(number, proposal, checkpoint: the last); rungs(number, epochs, decided, result
/// or failure, model); jobs(trial, epochs, from_epochs, turn, decided, holder, fence, expires); standings(number,
/// epochs, state, reason) as the last run left them; tests(number, result); losses(trial, epochs, lost): leases that
/// ran out without news, and restarts the same, found by a search as it began; fences(last) one row; spent(trial,
/// epochs, seconds) up to the checkpoint of a step that others go on with; progress(version, finished) one row;
/// told(json, at) one row: how far the search says it is, and when it said so; plan(json) one row: what the last search
/// was asked for and has planned, which goes on where nothing else is given.
/// What is read is checked like a file: others may have written it.
class Study {
 public:
  /// For the search: opens the study of `folder`, or makes it.
  ///   url     keeps the store in that database of a PostgreSQL server, the results in the folder; "": all in the folder
  ///   plan    of a study that is made: kept with the config, or not at all
  ///   throws  Error  Exit::usage: made with another config (says what differs); Exit::failed: the folder cannot be
  ///                  written; Exit::store: in use, damaged, disk full, unreachable
  Study(const std::filesystem::path& folder, const Json& config, const std::string& url = "", const Json& plan = {});
  /// For workers and reports: joins the study of a folder or URL, also while a search runs.
  ///   throws  Error  Exit::usage: no study there; Exit::store: damaged, unreachable
  ///   to_work  a study that is only looked at may lie in a folder that cannot be written
  static Study join(const std::string& place, bool to_work);
  /// The plan of the study of a folder or URL; nothing: there is no study yet; null: an earlier kwsmith made it, which
  /// kept its plan in the folder of the results alone.
  static std::optional<Json> plan_of(const std::string& place);
  Study(Study&&) noexcept;
  ~Study();

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  /// For people: the folder, or the URL without user and password.
  [[nodiscard]] std::string name() const;
  /// What the search was started with, or goes on with.
  [[nodiscard]] Json config() const;
  void set_plan(const Json& plan);
  /// From now on the study's top rung is the one that it was opened with; until then nothing of it is changed.
  void raise();

  /// A new trial, waiting. One that the study has keeps what it has come to where only the length of its training is
  /// another: the top rung has been raised.
  ///   returns  whether the number was that of another design or recipe, as under another target accuracy; what that
  ///            one had come to is gone
  bool add(const Proposal& proposal);
  /// Lets workers claim a step that has no result yet; nothing happens when it is on offer already.
  ///   turn  steps of a lower one go first
  void offer(int turn, const Lease& step);
  /// Whether a search holds this study, and how many trainings are under way.
  ///   gone  says of a holder that it will never deliver
  [[nodiscard]] bool searched() const;
  [[nodiscard]] int workers(const std::function<bool(const std::string& holder)>& gone) const;
  /// Takes back all steps that nobody works on, and those of holders that are gone. A step whose holder is lost for the
  /// `most_restarts`th time since its last checkpoint fails: it may have ended the search itself.
  ///   returns  trial and epochs of those that it took back
  std::vector<std::pair<int, int>> withdraw(const std::function<bool(const std::string& holder)>& gone);
  /// Says whether the search is over, so that workers may leave.
  void set_finished(bool finished);
  [[nodiscard]] bool finished() const;
  /// How far the search is, for those who look on.
  void tell(const SearchProgress& progress);
  /// The same, the time since then taken off what was left; nothing: none has told.
  [[nodiscard]] std::optional<SearchProgress> told() const;

  int most_losses = 3, most_restarts = 10;

  /// What there is for a worker: a step that nobody works on, none as yet, or none any more because the search is over.
  /// Idle workers ask this, which keeps no writer waiting, before they claim.
  enum class Offers { step, none_yet, none_more };
  [[nodiscard]] Offers offers() const;
  /// A step nobody works on; nothing: there is none. A step whose lease has run out `most_losses` times
  /// since its last checkpoint fails instead.
  ///   holder   names the worker
  ///   seconds  of the lease, on the clock of the store
  std::optional<Lease> claim(const std::string& holder, double seconds);
  /// Returns whether the lease still stands, as do the following.
  bool renew(const Lease& lease, double seconds);
  /// Whoever takes the step over goes on from this checkpoint.
  ///   seconds  that this holder has spent on the step
  bool keep(const Lease& lease, const std::string& checkpoint, double seconds);
  /// The rung is reached; the checkpoint takes the place of the one before.
  bool finish(const Lease& lease, const TrialResult& result);
  bool fail(const Lease& lease, const std::string& failure);
  /// Gives an unfinished step back, to go on from `checkpoint` ("": from the one before, with what was spent on it).
  bool release(const Lease& lease, const std::string& checkpoint, double seconds);

  /// Another reason for a rung that is known already.
  void set_reason(int number, int epochs, const std::string& reason);
  /// Replaces all standings.
  void stand(const std::vector<Standing>& standings);

  /// By number, those of earlier searches with other limits among them.
  [[nodiscard]] std::vector<Trial> trials() const;
  [[nodiscard]] Proposal proposal(int number) const;
  [[nodiscard]] std::optional<Rung> rung(int number, int epochs) const;
  [[nodiscard]] std::string model(int number, int epochs) const;
  /// Of a rung that is there, trained once more because it had been shrunk.
  void set_model(int number, int epochs, const std::string& model);
  [[nodiscard]] std::string checkpoint(int number) const;

  /// Leaves out what a finished search does not need: models and checkpoints of all trials but these. What a longer
  /// search would need of them is trained again, to the same bytes.
  void shrink(const std::vector<int>& models, const std::vector<int>& checkpoints);

  /// What the test split said about a trial's model; it is read once.
  void set_test(int number, const TestResult& test);
  [[nodiscard]] std::optional<TestResult> test(int number) const;
  /// The same of all that have read it, by trial.
  [[nodiscard]] std::map<int, TestResult> tests() const;

 private:
  struct Store;
  Study(std::filesystem::path folder, std::unique_ptr<Store> store);
  bool end(const Lease& lease, const std::function<void()>& record);
  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
  std::optional<Json> raised_;  ///< config with a higher top rung than the store's
};

/// Whether a --study is the URL of a PostgreSQL database and not a folder.
bool is_postgres_url(const std::string& place);

/// "search.seed: 7 there, 8 here" for the first value that differs, "" when none does.
std::string config_difference(const Json& there, const Json& here);

/// The config of a study that has been made as `there` and goes on as `here`: the same, or with a higher top rung and
/// those of before in "raised_from".
///   name    of the study
///   throws  Error (Exit::usage) when anything else differs
Json raised_config(const Json& there, const Json& here, const std::string& name);

}  // namespace kws
