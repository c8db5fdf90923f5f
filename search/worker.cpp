#include "kws/search/worker.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <functional>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "kws/core/interrupt.h"
#include "kws/core/process.h"

namespace kws {
namespace {

using Seconds = std::chrono::duration<double>;

/// Renews a lease while work on it goes on: a trainer that hangs may not keep others from its step.
class LeaseKeeper {
 public:
  LeaseKeeper(Study& study, const Lease& lease, double seconds)
      : thread_([this, &study, lease, seconds](const std::stop_token& stop) {
          std::unique_lock lock(mutex_);
          const Seconds span(seconds / 3.0);
          while (!wake_.wait_for(lock, stop, span, [&] { return stop.stop_requested(); })) {
            if (patience_.ended(Clock::now())) lost_ = true;
            lock.unlock();
            try {
              if (!lost_) lost_ = !study.renew(lease, seconds);
            } catch (const std::exception&) {
              lost_ = true;  // unreachable for long enough that somebody else has the step
            }
            lock.lock();
            if (lost_) return;
          }
        }) {}
  [[nodiscard]] bool lost() const { return lost_; }
  void epoch_ended() {
    const std::scoped_lock lock(mutex_);
    patience_.epoch_ended(Clock::now());
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::mutex mutex_;  ///< guards patience_
  Patience patience_{Clock::now()};
  std::condition_variable_any wake_;
  std::atomic<bool> lost_ = false;
  std::jthread thread_;  // last: stops before what it uses goes
};

struct LeaseLost {};

constexpr double kPatienceInEpochs = 20.0;
constexpr Seconds kLeastPatience{600.0}, kFirstPatience{3600.0};

/// "host:space:"; containers and cloned machines may share a name, but not the space of their process numbers.
std::string here() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return std::string(name.data()) + ":" + process_space() + ":";
}

}  // namespace

Patience::Patience(Time start) : last_(start), seconds_(kFirstPatience) {}

void Patience::epoch_ended(Time now) {
  longest_ = std::max(longest_, Seconds(now - last_));
  seconds_ = std::max(kPatienceInEpochs * longest_, kLeastPatience);
  last_ = now;
}

bool Patience::ended(Time now) const { return now - last_ > seconds_; }

Worker::Worker(Study& study, Evaluator& evaluator, std::string name, double lease_seconds, Warn warn)
    : study_(study),
      evaluator_(evaluator),
      name_(std::move(name)),
      lease_seconds_(lease_seconds),
      warn_(std::move(warn)) {}

Worker::Outcome Worker::work_one(const Progress& progress) {
  const Study::Offers offers = study_.offers();
  if (offers == Study::Offers::none_more) return Outcome::none_more;
  const std::optional<Lease> lease =
      offers == Study::Offers::step ? study_.claim(name_, lease_seconds_) : std::optional<Lease>();
  if (!lease) return Outcome::nothing;
  LeaseKeeper keeper(study_, *lease, lease_seconds_);
  progress(*lease, lease->from);
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begun = Clock::now();
  Clock::time_point kept = begun;
  const auto spent = [&] { return Seconds(Clock::now() - begun).count(); };
  std::optional<TrialResult> result;
  std::string failure;
  const auto train = [&](const std::string& from) {
    return evaluator_.run(
        study_.proposal(lease->trial), lease->to, from,
        [&](int epochs, const std::function<std::string()>& checkpoint) {
          if (keeper.lost()) throw LeaseLost{};
          keeper.epoch_ended();
          // Whoever is killed loses no more than others would wait for.
          if (epochs < lease->to && std::chrono::duration<double>(Clock::now() - kept).count() > lease_seconds_) {
            if (!study_.keep(*lease, checkpoint(), spent())) throw LeaseLost{};
            kept = Clock::now();
          }
          progress(*lease, epochs);
        });
  };
  try {
    try {
      result = train(study_.checkpoint(lease->trial));
    } catch (const DamagedCheckpoint& damage) {
      warn_(std::string(damage.what()) + "; the trial is trained from the start");
      result = train("");
    }
  } catch (const Interrupted& interrupted) {
    study_.release(*lease, interrupted.checkpoint, spent());
    return Outcome::interrupted;
  } catch (const LeaseLost&) {
    return Outcome::refused;
  } catch (const Cancelled&) {  // while the store was away
    give_back(*lease);
    return Outcome::interrupted;
  } catch (const Error& error) {
    if (keeper.lost()) return Outcome::refused;
    if (error.exit_code() == Exit::data || error.exit_code() == Exit::store) {
      give_back(*lease);
      throw;
    }
    failure = error.what();
  } catch (const std::bad_alloc&) {
    study_.release(*lease, "", 0.0);  // the machine's fault, not the design's
    throw;
  } catch (const std::exception& error) {
    failure = error.what();
  }
  if (result) result->seconds += lease->seconds;
  // A reason of many lines would spoil logs and tables.
  const bool counts =
      result ? study_.finish(*lease, *result) : study_.fail(*lease, failure.substr(0, failure.find('\n')));
  return counts ? Outcome::delivered : Outcome::refused;
}

void Worker::give_back(const Lease& lease) {
  try {
    study_.release(lease, "", 0.0);
  } catch (const Error&) {
    // Where the store is what has failed, the lease runs out.
  }
}

namespace {

constexpr Seconds kShortestPause{0.5}, kLongestPause{5.0};
constexpr double kPauseShare = 0.1;

/// What the threads of one process share.
class Crew {
 public:
  Crew(Study& study, Evaluator& evaluator, const WorkOptions& options,
       const std::function<void(const std::string& line)>& tell)
      : study_(study), evaluator_(evaluator), options_(options), tell_(tell) {}

  WorkEnd work() {
    {
      std::vector<std::jthread> threads;
      try {
        threads.reserve(static_cast<std::size_t>(options_.threads));
        for (int i = 0; i < options_.threads; ++i) threads.emplace_back([this, i] { work(i); });
      } catch (...) {
        give_up();  // those that have begun end, too
      }
    }
    if (error_) std::rethrow_exception(error_);
    return end_.value();
  }

 private:
  void work(int number) {
    try {
      const std::string name = worker_name(number);
      Worker worker(study_, evaluator_, name, options_.lease_seconds, [this](const std::string& line) { tell(line); });
      Rng rng({std::hash<std::string>{}(name)});
      while (!ended()) {
        std::optional<Lease> lease;
        const Worker::Outcome outcome = worker.work_one([&](const Lease& one, int) {
          if (!lease) begins(one);
          lease = one;
        });
        if (lease) ended_one();
        if (outcome == Worker::Outcome::interrupted) end(WorkEnd::interrupted);
        if (outcome == Worker::Outcome::none_more) end(WorkEnd::study_finished);
        if (outcome == Worker::Outcome::nothing) rest(rng);
        if (outcome == Worker::Outcome::delivered) tell(*lease, "is delivered");
        if (outcome == Worker::Outcome::refused) tell(*lease, "took longer than its lease, another worker has it");
      }
    } catch (...) {
      give_up();
    }
  }

  /// Keeps the first exception and ends all.
  void give_up() {
    const std::scoped_lock lock(mutex_);
    if (!error_) error_ = std::current_exception();
    end_ = WorkEnd::interrupted;
  }
  bool ended() {
    const bool stop = interrupted();
    const std::scoped_lock lock(mutex_);
    if (stop && !end_) end_ = WorkEnd::interrupted;
    return end_.has_value();
  }
  void end(WorkEnd how) {
    const std::scoped_lock lock(mutex_);
    if (!end_) end_ = how;
  }
  void begins(const Lease& lease) {
    {
      const std::scoped_lock lock(mutex_);
      ++under_way_;
    }
    tell(lease, "begins: " + lease.reason);
  }
  void ended_one() {
    const std::scoped_lock lock(mutex_);
    --under_way_;
    last_step_ = std::chrono::steady_clock::now();
  }
  /// Waits before the next question.
  void rest(Rng& rng) {
    // In short pieces, because the user may end the wait.
    for (Seconds left = idle_pause(idle(), rng); left.count() > 0.0 && !ended(); left -= kShortestPause) {
      std::this_thread::sleep_for(std::min(left, kShortestPause));
    }
    const bool too_long = options_.idle_seconds > 0.0 && idle().count() > options_.idle_seconds;
    if (too_long && !any_under_way()) end(WorkEnd::idle);
  }
  Seconds idle() {
    const std::scoped_lock lock(mutex_);
    return std::chrono::steady_clock::now() - last_step_;
  }
  bool any_under_way() {
    const std::scoped_lock lock(mutex_);
    return under_way_ > 0;
  }
  void tell(const Lease& lease, const std::string& what) {
    tell("trial " + std::to_string(lease.trial) + " to epoch " + std::to_string(lease.to) + " " + what);
  }
  void tell(const std::string& line) {
    const std::scoped_lock lock(mutex_);
    last_step_ = std::chrono::steady_clock::now();
    tell_(line);
  }

  Study& study_;
  Evaluator& evaluator_;
  const WorkOptions& options_;
  const std::function<void(const std::string& line)>& tell_;
  std::mutex mutex_;  ///< guards all below
  std::optional<WorkEnd> end_;
  std::exception_ptr error_;
  int under_way_ = 0;  ///< steps
  std::chrono::steady_clock::time_point last_step_ = std::chrono::steady_clock::now();
};

}  // namespace

WorkEnd work_on(Study& study, Evaluator& evaluator, const WorkOptions& options,
                const std::function<void(const std::string& line)>& tell) {
  return Crew(study, evaluator, options, tell).work();
}

Seconds idle_pause(Seconds idle, Rng& rng) {
  return std::clamp(kPauseShare * idle, kShortestPause, kLongestPause) * rng.uniform(0.75, 1.25);
}

std::string worker_name(int number) { return here() + std::to_string(getpid()) + ":" + std::to_string(number); }

bool worker_is_gone(const std::string& name) {
  if (!name.starts_with(here())) return false;
  const pid_t process = std::atoi(name.c_str() + here().size());
  return process > 0 && process_is_gone(process);
}

}  // namespace kws
