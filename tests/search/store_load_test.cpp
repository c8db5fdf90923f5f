#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <semaphore>

#include "kws/search/proposals.h"
#include "kws/search/worker.h"
#include "processes.h"
#include "store_place.h"

namespace kws {
namespace {

using testing::exit_code;
using testing::spawn;
using testing::StorePlace;
using testing::two_budgets;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int kWorkers = 1000, kProcesses = 4;
/// All goes so many times as fast as `kwsmith worker` does it by default: what the store has to spare, which sanitizers
/// take.
#ifdef __SANITIZE_ADDRESS__
constexpr double kHaste = 1.0;
#else
constexpr double kHaste = 5.0;
#endif
constexpr Seconds kLease = Seconds(60.0) / kHaste;
constexpr Seconds kFirstLease{
    600.0};  ///< until all have come: a machine may take a minute to start a thousand processes
constexpr Seconds kWatched{8.0};

/// Requests of one kind, over all processes.
class Tally {
 public:
  /// due  when the worker wanted the request to begin
  template <class Request>
  bool timed(Clock::time_point due, Request request) {
    const bool answer = request();
    const std::int64_t us = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - due).count();
    ++count_;
    sum_us_ += us;
    std::int64_t worst = worst_us_;
    while (us > worst && !worst_us_.compare_exchange_weak(worst, us)) continue;
    return answer;
  }
  [[nodiscard]] double a_second(Seconds passed) const { return static_cast<double>(count_) / passed.count(); }
  [[nodiscard]] double mean_ms() const { return static_cast<double>(sum_us_) / 1e3 / static_cast<double>(count_); }
  [[nodiscard]] double worst_ms() const { return static_cast<double>(worst_us_) / 1e3; }

 private:
  std::atomic<std::int64_t> count_ = 0, sum_us_ = 0, worst_us_ = 0;
};

/// Memory that all processes share.
struct Board {
  Tally renewals, questions;
  std::atomic<int> holding = 0;      ///< workers with a lease
  std::atomic<int> refused = 0;      ///< renewals and deliveries
  std::atomic<int> taken_twice = 0;  ///< steps handed out although all are held
  std::atomic<int> warm = 0;         ///< ... and with every request made once
  std::atomic<int> delivered = 0;
  std::atomic<bool> deliver = false, leave = false;
};

/// One connection with the requests of two workers: it holds a lease, which it renews and in the end delivers on, and
/// it asks for work like a worker that has long had none.
void live(const StorePlace& place, Board& board, int number) {
  Rng rng({static_cast<std::uint64_t>(number)});
  static std::counting_semaphore<> joining(8);  // a server makes connections one by one: a queue there is of no use
  joining.acquire();
  Study study = place.join();
  joining.release();
  std::optional<Lease> lease;
  while (!(lease = study.claim("worker " + std::to_string(number), kFirstLease.count()))) {
    std::this_thread::sleep_for(idle_pause(Seconds(0.0), rng));  // another one was quicker
  }
  const auto with_all = [&board](std::atomic<int>& count) {
    for (++count; count < kWorkers && !board.deliver;) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  };
  with_all(board.holding);
  const auto renew_lease = [&](Seconds span) { return study.renew(*lease, span.count()); };
  const auto ask_for_work = [&] { return study.offers() != Study::Offers::none_yet; };
  // The server's process has by now its copies of the pages it writes, which a virtual machine makes slowly.
  board.refused += renew_lease(kFirstLease) ? 0 : 1;
  board.taken_twice += ask_for_work() ? 1 : 0;
  with_all(board.warm);
  const auto after = [](Seconds span) { return Clock::now() + std::chrono::duration_cast<Clock::duration>(span); };
  const auto pause = [&rng] { return idle_pause(Seconds(3600.0), rng) / kHaste; };
  Clock::time_point renew = after(rng.uniform() * kLease / 3.0), ask = after(rng.uniform() * pause());
  while (!board.deliver) {
    std::this_thread::sleep_until(std::min(renew, ask));
    if (renew < ask) {
      board.refused += board.renewals.timed(renew, [&] { return renew_lease(kLease); }) ? 0 : 1;
      renew = after(kLease / 3.0);
    } else {
      board.taken_twice += board.questions.timed(ask, ask_for_work) ? 1 : 0;
      ask = after(pause());
    }
  }
  board.refused += study.finish(*lease, {.int8_validation = 0.5, .model = "model"}) ? 0 : 1;
  ++board.delivered;
  while (!board.leave) std::this_thread::sleep_for(std::chrono::milliseconds(200));
}

class StoreLoad : public testing::StoredStudy {};

TEST_P(StoreLoad, AThousandWorkersKeepTheirLeases) {
  {
    Study study = place.open({{"seed", 7}});
    Proposal proposal = Proposer(two_budgets()).propose(0, 0, {})->proposal;
    for (proposal.number = 0; proposal.number < kWorkers; ++proposal.number) {
      study.add(proposal);
      study.offer(proposal.number, {.trial = proposal.number, .to = 1, .reason = "new design"});
    }
  }
  void* memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  Board& board = *new (memory) Board;
  std::vector<pid_t> processes;
  for (int process = 0; process < kProcesses; ++process) {
    processes.push_back(spawn([&] {
      std::vector<std::jthread> threads;
      for (int i = process; i < kWorkers; i += kProcesses) {
        threads.emplace_back([&, i] {
          try {
            live(place, board, i);
          } catch (const Error& error) {
            ADD_FAILURE() << error.what();
          }
        });
      }
    }));
  }
  const auto since = [](Clock::time_point start) { return Seconds(Clock::now() - start); };
  const auto all = [&](const std::atomic<int>& count) {
    const Clock::time_point start = Clock::now();
    while (count < kWorkers && since(start) < Seconds(100.0))
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return since(start);
  };
  const Seconds gathering = all(board.holding);
  EXPECT_EQ(board.holding, kWorkers);
  all(board.warm);
  const Clock::time_point watched = Clock::now();
  std::this_thread::sleep_for(kWatched);
  const double renewals = board.renewals.a_second(since(watched)), worst_renewal = board.renewals.worst_ms();
  const double due = kWorkers / (kLease / 3.0).count(), needed = due / kHaste;
  std::printf(
      "%d connections took a step each in %.1f s\n"
      "%.0f renewals a second, answered in %.1f ms on average, %.0f ms at worst; needed: %.0f\n"
      "%.0f questions for work a second, answered in %.1f ms on average, %.0f ms at worst; needed: %.0f\n",
      kWorkers, gathering.count(), renewals, board.renewals.mean_ms(), worst_renewal, needed,
      board.questions.a_second(since(watched)), board.questions.mean_ms(), board.questions.worst_ms(), kWorkers / 5.0);
  EXPECT_EQ(place.join().workers([](const std::string&) { return false; }), kWorkers) << "a lease has run out";
  board.deliver = true;
  std::printf("all delivered in %.1f s\n", all(board.delivered).count());
  board.leave = true;  // the end of a server's process can cost more than all its work: after what is measured
  for (const pid_t process : processes) EXPECT_EQ(exit_code(process), 0);
  // How many of the hasty ones it answers is the machine's; workers need the store to have half to spare.
  EXPECT_GT(renewals, std::min(0.8 * due, 2.0 * needed));
  EXPECT_LT(worst_renewal, 1e3 * kLease.count() * 2.0 / 3.0) << "the lease runs out before it is renewed";
  EXPECT_EQ(board.refused, 0);
  EXPECT_EQ(board.taken_twice, 0);
  const std::vector<Trial> trials = place.join().trials();
  ASSERT_EQ(trials.size(), std::size_t{kWorkers});
  EXPECT_EQ(std::ranges::count_if(trials, [](const Trial& trial) { return trial.rungs.size() == 1; }), kWorkers);
  board.~Board();
  munmap(memory, sizeof(Board));
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreLoad, ::testing::ValuesIn(testing::stores()), testing::store_name);

}  // namespace
}  // namespace kws
