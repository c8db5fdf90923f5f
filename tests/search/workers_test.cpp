#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <new>
#include <random>

#include "kws/core/files.h"
#include "kws/core/interrupt.h"
#include "kws/search/worker.h"
#include "processes.h"
#include "store_place.h"

namespace kws {
namespace {

using testing::exit_code;
using testing::FakeEvaluator;
using testing::kStudyConfig;
using testing::RecordingSink;
using testing::spawn;
using testing::StorePlace;
using testing::two_budgets;

constexpr double kShortLease = 0.2;
constexpr int kAnyNumber = 1000;  ///< of leases: where kills come at random, the step is not to blame

SearchOptions options_for(int threads, int trials) {
  SearchOptions options = two_budgets();
  options.deterministic = true;
  options.max_trials = trials;
  options.threads = threads;
  options.lease_seconds = kShortLease;
  options.finalists = 1;
  return options;
}

void search(const StorePlace& place, const SearchOptions& options, FakeEvaluator& evaluator) {
  Study study = place.open(kStudyConfig);
  study.most_losses = study.most_restarts = kAnyNumber;
  RecordingSink sink;
  run_search(options, evaluator, study, sink);
}

/// trials.json of a search nobody disturbs.
std::string undisturbed_workers(int trials) {
  const StorePlace place("");
  FakeEvaluator evaluator;
  search(place, options_for(1, trials), evaluator);
  return read_file(place.folder.path / "trials.json");
}

/// What `kwsmith worker` does.
void work(const StorePlace& place, std::chrono::microseconds pause) {
  FakeEvaluator evaluator;
  evaluator.pause = pause;
  Study study = place.join();
  study.most_losses = kAnyNumber;
  const WorkEnd end =
      work_on(study, evaluator, {.threads = 1, .lease_seconds = kShortLease}, [](const std::string&) {});
  EXPECT_EQ(end, WorkEnd::study_finished);
}

TEST(Worker, AsksLessOftenTheLongerItFindsNothing) {
  Rng rng({1});
  for (const auto& [idle, pause] : {std::pair{0.0, 0.5}, {20.0, 2.0}, {3600.0, 5.0}}) {
    double shortest = 100.0, longest = 0.0;
    for (int i = 0; i < 1000; ++i) {
      const double drawn = idle_pause(std::chrono::duration<double>(idle), rng).count();
      shortest = std::min(shortest, drawn);
      longest = std::max(longest, drawn);
    }
    EXPECT_NEAR(shortest, 0.75 * pause, 0.01 * pause);
    EXPECT_NEAR(longest, 1.25 * pause, 0.01 * pause);
  }
}

TEST(Worker, HasPatienceForTwentyTimesTheLongestEpoch) {
  using std::chrono::seconds;
  const Patience::Time start{};
  Patience patience(start);
  EXPECT_FALSE(patience.ended(start + seconds(3600)));
  EXPECT_TRUE(patience.ended(start + seconds(3601)));
  patience.epoch_ended(start + seconds(10));
  EXPECT_FALSE(patience.ended(start + seconds(610))) << "short epochs: ten minutes";
  EXPECT_TRUE(patience.ended(start + seconds(611)));
  patience.epoch_ended(start + seconds(110));
  patience.epoch_ended(start + seconds(120));
  EXPECT_FALSE(patience.ended(start + seconds(120 + 20 * 100))) << "the longest counts, not the last";
  EXPECT_TRUE(patience.ended(start + seconds(121 + 20 * 100)));
}

TEST(Worker, GivesItsStepBackWhereMemoryIsShort) {
  const StorePlace place("");
  FakeEvaluator evaluator;
  evaluator.before_run = [](const Proposal&, int) { throw std::bad_alloc(); };
  EXPECT_THROW(search(place, options_for(2, 3), evaluator), std::bad_alloc);
  evaluator.before_run = nullptr;
  search(place, options_for(2, 3), evaluator);
  EXPECT_EQ(read_file(place.folder.path / "trials.json"), undisturbed_workers(3));
}

class Workers : public testing::StoredStudy {};

TEST(Worker, GivesItsStepBackWhereItIsEndedWhileTheStoreIsAway) {
  const StorePlace place("");
  Study study = place.open(kStudyConfig);
  study.add({.number = 0, .budget = "small", .design = known_designs()[0], .training = {}});
  study.offer(0, {.trial = 0, .from = 0, .to = 3, .reason = "new design"});
  FakeEvaluator evaluator;
  evaluator.each_epoch = [](const Proposal&, int epoch) {
    if (epoch == 2) throw Cancelled();  // what a connection that is gone says after a signal
  };
  Worker worker(study, evaluator, "first", 60.0, [](const std::string&) {});
  EXPECT_EQ(worker.work_one([](const Lease&, int) {}), Worker::Outcome::interrupted);
  EXPECT_FALSE(study.rung(0, 3)) << "the design has not failed";
  EXPECT_TRUE(study.claim("second", 60.0));
}

TEST(Worker, IsNotIdleWhileAnotherThreadOfItTrains) {
  const StorePlace place("");
  Study study = place.open(kStudyConfig);
  for (const int number : {0, 1}) {
    study.add({.number = number, .budget = "small", .design = known_designs()[0], .training = {}});
  }
  study.offer(0, {.trial = 0, .from = 0, .to = 3, .reason = "new design"});
  FakeEvaluator evaluator;
  evaluator.each_epoch = [&study](const Proposal& proposal, int epoch) {
    if (proposal.number != 0 || epoch != 3) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    study.offer(1, {.trial = 1, .from = 0, .to = 3, .reason = "new design"});
  };
  EXPECT_EQ(work_on(study, evaluator, {.threads = 2, .idle_seconds = 1.0}, [](const std::string&) {}), WorkEnd::idle);
  EXPECT_TRUE(study.rung(1, 3)) << "offered when one thread had had nothing to do for longer";
}

TEST_P(Workers, AnyNumberOfProcessesComesToTheSameResult) {
  const std::string expected = undisturbed_workers(28);
  for (const int count : {2, 4, 8}) {
    const StorePlace own(GetParam());
    { Study study = own.open(kStudyConfig); }  // workers may come before the search
    std::vector<pid_t> workers;
    for (int i = 0; i < count; ++i) {
      workers.push_back(spawn([&] { work(own, std::chrono::microseconds(200)); }));
    }
    FakeEvaluator nobody;
    search(own, options_for(0, 28), nobody);
    EXPECT_TRUE(nobody.ran.empty());
    for (const pid_t worker : workers) EXPECT_EQ(exit_code(worker), 0);
    EXPECT_EQ(read_file(own.folder.path / "trials.json"), expected) << count;
  }
}

TEST_P(Workers, OneThatWakesAfterItsLeaseIsRefused) {
  const std::string expected = undisturbed_workers(6);
  { Study study = place.open(kStudyConfig); }
  const pid_t sleeper = spawn([&] {
    FakeEvaluator evaluator;
    evaluator.before_run = [](const Proposal&, int) { raise(SIGSTOP); };
    Study study = place.join();
    Worker worker(study, evaluator, "sleeper", kShortLease);
    Worker::Outcome outcome = Worker::Outcome::nothing;
    while (outcome == Worker::Outcome::nothing) outcome = worker.work_one([](const Lease&, int) {});
    _exit(outcome == Worker::Outcome::refused ? 42 : 1);
  });
  const pid_t driver = spawn([&] {
    FakeEvaluator nobody;
    search(place, options_for(0, 6), nobody);
  });
  int status = 0;
  ASSERT_EQ(waitpid(sleeper, &status, WUNTRACED), sleeper);
  ASSERT_TRUE(WIFSTOPPED(status)) << "it sleeps with a step in its hands";
  const pid_t other = spawn([&] { work(place, std::chrono::microseconds(200)); });
  EXPECT_EQ(exit_code(driver), 0) << "the other worker takes the step over";
  EXPECT_EQ(exit_code(other), 0);
  kill(sleeper, SIGCONT);
  EXPECT_EQ(exit_code(sleeper), 42);
  EXPECT_EQ(read_file(place.folder.path / "trials.json"), expected);
}

TEST_P(Workers, OneThatIsKilledLeavesTheEpochsOfItsLastLease) {
  { Study study = place.open(kStudyConfig); }
  SearchOptions options = options_for(0, 1);
  options.finalists = 0;
  const pid_t slow = spawn([&] {
    FakeEvaluator evaluator;
    evaluator.each_epoch = [](const Proposal&, int epoch) {
      if (epoch == 8) _exit(42);
      if (epoch > 3) std::this_thread::sleep_for(std::chrono::duration<double>(kShortLease / 2));
    };
    Study study = place.join();
    work_on(study, evaluator, {.threads = 1, .lease_seconds = kShortLease}, [](const std::string&) {});
  });
  const pid_t driver = spawn([&] {
    FakeEvaluator nobody;
    search(place, options, nobody);
  });
  EXPECT_EQ(exit_code(slow), 42);
  FakeEvaluator evaluator;
  Study study = place.join();
  work_on(study, evaluator, {.threads = 1, .lease_seconds = kShortLease}, [](const std::string&) {});
  EXPECT_EQ(exit_code(driver), 0);
  ASSERT_EQ(evaluator.ran.size(), 1U);
  EXPECT_LT(evaluator.trained, 9 - 3) << "the step from epoch 3 to 9 was not begun anew";
}

TEST_P(Workers, AHundredKillsLoseNothingAndCountNothingTwice) {
  constexpr int kTrials = 84, kKills = 100;
  const std::string expected = undisturbed_workers(kTrials);
  { Study study = place.open(kStudyConfig); }
  const std::chrono::microseconds pause(10000);
  const auto start = [&](std::size_t role) {
    return spawn([&] {
      FakeEvaluator evaluator;
      evaluator.pause = pause;
      if (role == 0) search(place, options_for(1, kTrials), evaluator);
      if (role != 0) work(place, pause);
    });
  };
  std::vector<pid_t> processes;  // the search and three workers
  for (std::size_t role = 0; role < 4; ++role) processes.push_back(start(role));
  std::mt19937 random(1);
  int kills = 0;
  while (kills < kKills) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1 + random() % 30));
    const std::size_t role = random() % processes.size();
    kill(processes[role], SIGKILL);
    int status = 0;
    waitpid(processes[role], &status, 0);
    kills += WIFSIGNALED(status) ? 1 : 0;
    ASSERT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the study ended after " << kills << " kills";
    processes[role] = start(role);
  }
  for (const pid_t process : processes) EXPECT_EQ(exit_code(process), 0);
  EXPECT_EQ(read_file(place.folder.path / "trials.json"), expected);
}

TEST_P(Workers, GoOnAcrossARaisedTopRung) {
  SearchOptions low = options_for(0, 40), high = low;
  high.raised_from = {low.epochs};
  high.epochs = 3 * low.epochs;
  const StorePlace whole("");
  FakeEvaluator evaluator;
  high.threads = 1;
  search(whole, high, evaluator);
  high.threads = 0;
  { Study study = place.open(kStudyConfig); }
  std::vector<pid_t> workers;
  for (int i = 0; i < 3; ++i) {
    workers.push_back(spawn([&] { work(place, std::chrono::microseconds(2000)); }));
  }
  const pid_t before = spawn([&] {
    FakeEvaluator nobody;
    search(place, low, nobody);
  });
  const Study looking = place.join();
  while (!looking.rung(0, 1)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  kill(before, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(before, &status, 0), before);
  ASSERT_TRUE(WIFSIGNALED(status)) << "the search was to be under way";
  FakeEvaluator nobody;
  search(place, high, nobody);
  EXPECT_TRUE(nobody.ran.empty());
  for (const pid_t worker : workers) EXPECT_EQ(exit_code(worker), 0);
  EXPECT_EQ(read_file(place.folder.path / "trials.json"), read_file(whole.folder.path / "trials.json"));
}

INSTANTIATE_TEST_SUITE_P(Stores, Workers, ::testing::ValuesIn(testing::stores()), testing::store_name);

}  // namespace
}  // namespace kws
