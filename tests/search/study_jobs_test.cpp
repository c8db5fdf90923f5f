// Steps of training on offer: claims, leases, what comes of lost ones.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>

#include <thread>

#include "kws/search/study.h"
#include "store_place.h"
#include "study_fixture.h"

namespace kws {
namespace {

using ::testing::HasSubstr;
using testing::kConfig;
using testing::proposals;
using testing::StudyFolder;
using testing::taken;

class StudyJobs : public testing::StoredStudy {};

TEST_P(StudyJobs, StepsAreClaimedOnceInTheirOrder) {
  Study study = place.open(kConfig);
  for (const Proposal& proposal : proposals(3)) study.add(proposal);
  study.offer(1, {.trial = 2, .to = 1, .reason = "second"});
  study.offer(0, {.trial = 0, .from = 1, .to = 3, .reason = "first"});
  study.offer(0, {.trial = 0, .from = 1, .to = 3, .reason = "once more"});
  const auto first = study.claim("a", 60.0);
  ASSERT_TRUE(first);
  EXPECT_EQ(std::tuple(first->trial, first->from, first->to, first->reason), std::tuple(0, 1, 3, "first"));
  EXPECT_EQ(study.claim("b", 60.0)->trial, 2);
  EXPECT_FALSE(study.claim("c", 60.0));
  EXPECT_FALSE(study.rung(0, 3));
  EXPECT_TRUE(study.finish(*first, {.int8_validation = 0.75}));
  EXPECT_EQ(study.rung(0, 3)->result->int8_validation, 0.75);
  study.offer(0, {.trial = 0, .from = 1, .to = 3, .reason = "has a result"});
  EXPECT_FALSE(study.claim("c", 60.0));
}

TEST_P(StudyJobs, LateResultOfALostLeaseIsRefused) {
  Study study = place.open(kConfig);
  study.add(proposals(1)[0]);
  study.offer(0, {.trial = 0, .to = 1, .reason = "new design"});
  const auto slow = study.claim("slow", 0.05);
  ASSERT_TRUE(slow);
  EXPECT_TRUE(study.renew(*slow, 0.05));
  EXPECT_FALSE(study.claim("quick", 60.0)) << "the lease stands";
  std::this_thread::sleep_for(std::chrono::milliseconds(120));
  const auto quick = study.claim("quick", 60.0);
  ASSERT_TRUE(quick);
  EXPECT_GT(quick->fence, slow->fence);
  EXPECT_FALSE(study.renew(*slow, 60.0));
  EXPECT_FALSE(study.keep(*slow, "bytes of slow", 1.0));
  EXPECT_FALSE(study.release(*slow, "bytes of slow", 1.0));
  EXPECT_FALSE(study.fail(*slow, "late"));
  EXPECT_FALSE(study.finish(*slow, {.int8_validation = 0.1, .checkpoint = "bytes of slow"}));
  EXPECT_TRUE(study.finish(*quick, {.int8_validation = 0.9, .checkpoint = "bytes of quick"}));
  EXPECT_FALSE(study.finish(*slow, {.int8_validation = 0.1}));
  EXPECT_EQ(study.rung(0, 1)->result->int8_validation, 0.9);
  EXPECT_EQ(study.checkpoint(0), "bytes of quick");
}

TEST_P(StudyJobs, ResultOfATrialThatHasBecomeAnotherOneIsRefused) {
  Study study = place.open(kConfig);
  Proposal trial = proposals(1)[0];
  study.add(trial);
  const Lease step = {.trial = 0, .to = 1, .reason = "new design"};
  study.offer(0, step);
  const auto before = study.claim("trains what it was", 60.0);
  trial.budget = "medium";
  study.add(trial);
  study.offer(0, step);
  const auto now = study.claim("trains what it is", 60.0);
  ASSERT_TRUE(before && now);
  EXPECT_FALSE(study.keep(*before, "bytes of what it was", 1.0));
  EXPECT_FALSE(study.finish(*before, {.int8_validation = 0.1}));
  EXPECT_TRUE(study.finish(*now, {.int8_validation = 0.9}));
}

TEST_P(StudyJobs, AStepOfferedAgainWhileItsResultComesIsDone) {
  Study study = place.open(kConfig), search = place.join();  // two connections
  study.add(proposals(1)[0]);
  for (int epoch = 0; epoch < 200; ++epoch) {
    const Lease step{.trial = 0, .from = epoch, .to = epoch + 1, .reason = "one more epoch"};
    const Lease lease = taken(study, step);
    std::thread offering([&] {
      for (int again = 0; again < 3; ++again) search.offer(0, step);
    });
    EXPECT_TRUE(study.finish(lease, {.int8_validation = 0.75}));
    offering.join();
    ASSERT_FALSE(study.claim("somebody", 60.0)) << "epoch " << epoch << " would be trained again";
  }
}

TEST_P(StudyJobs, ReleasedStepGoesOnFromItsCheckpoint) {
  Study study = place.open(kConfig);
  study.add(proposals(1)[0]);
  const Lease lease = taken(study, {.trial = 0, .to = 9, .reason = "new design"});
  EXPECT_TRUE(study.keep(lease, "after 3 epochs", 20.0));
  EXPECT_EQ(study.checkpoint(0), "after 3 epochs");
  EXPECT_TRUE(study.release(lease, "after 5 epochs", 30.0));
  EXPECT_EQ(study.checkpoint(0), "after 5 epochs");
  const auto other = study.claim("other", 60.0);
  ASSERT_TRUE(other);
  EXPECT_EQ(other->seconds, 30.0) << "that the checkpoint has taken";
  EXPECT_TRUE(study.release(*other, "", 7.0));
  const auto third = study.claim("third", 60.0);
  ASSERT_TRUE(third);
  EXPECT_EQ(third->seconds, 30.0);
  EXPECT_TRUE(study.release(*third, "after 6 epochs", 12.0));
  EXPECT_EQ(study.claim("fourth", 60.0)->seconds, 42.0);
}

TEST_P(StudyJobs, WithdrawnStepsAreGoneUnlessSomebodyWorksOnThem) {
  Study study = place.open(kConfig);
  for (const Proposal& proposal : proposals(2)) study.add(proposal);
  const Lease lease = taken(study, {.trial = 0, .to = 1, .reason = "new design"});
  study.offer(1, {.trial = 1, .to = 1, .reason = "new design"});
  study.withdraw([](const std::string&) { return false; });
  EXPECT_FALSE(study.claim("a", 60.0));
  EXPECT_TRUE(study.renew(lease, 60.0));
  study.withdraw([](const std::string& holder) { return holder == "worker"; });
  EXPECT_FALSE(study.finish(lease, {})) << "its holder was said to be gone";
}

TEST_P(StudyJobs, AStepThatEndsItsWorkersFailsUnlessItComesOn) {
  Study study = place.open(kConfig);
  for (const Proposal& proposal : proposals(2)) study.add(proposal);
  study.offer(0, {.trial = 0, .to = 9, .reason = "new design"});
  const auto lost = [&](const char* holder) {
    const std::optional<Lease> lease = study.claim(holder, 0.02);
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    return lease;
  };
  ASSERT_TRUE(lost("a"));
  const auto second = study.claim("b", 60.0);
  ASSERT_TRUE(second);
  EXPECT_TRUE(study.keep(*second, "after 3 epochs", 1.0));
  EXPECT_TRUE(study.release(*second, "", 1.0));
  for (const char* holder : {"c", "d", "e"}) ASSERT_TRUE(lost(holder)) << "the checkpoint began the count anew";
  EXPECT_FALSE(study.claim("f", 60.0));
  ASSERT_TRUE(study.rung(0, 9));
  EXPECT_THAT(study.rung(0, 9)->failure, HasSubstr("lost its worker 3 times"));
}

TEST_P(StudyJobs, AStepThatIsGivenBackFurtherOnBeginsTheCountAnew) {
  Study study = place.open(kConfig);
  study.add(proposals(1)[0]);
  study.offer(0, {.trial = 0, .to = 9, .reason = "new design"});
  for (int i = 0; i < 2 * study.most_losses; ++i) {
    ASSERT_TRUE(study.claim("lost", 0.02)) << i;
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    const auto next = study.claim("given back", 60.0);
    ASSERT_TRUE(next) << i;
    EXPECT_TRUE(study.release(*next, "further on", 1.0));
  }
}

TEST_P(StudyJobs, AStepThatEndsTheSearchItselfFailsAfterTenRestarts) {
  Study study = place.open(kConfig);
  study.add(proposals(1)[0]);
  const auto killed = [&] {
    study.offer(0, {.trial = 0, .to = 9, .reason = "new design"});
    const bool taken = study.claim("a thread of the search", 60.0).has_value();
    study.withdraw([](const std::string& holder) { return holder == "a thread of the search"; });
    return taken;
  };
  for (int i = 1; i < study.most_restarts; ++i) {
    ASSERT_TRUE(killed()) << i;
    EXPECT_FALSE(study.rung(0, 9)) << i;
  }
  ASSERT_TRUE(killed());
  EXPECT_FALSE(killed()) << "it is offered again";
  ASSERT_TRUE(study.rung(0, 9));
  EXPECT_THAT(study.rung(0, 9)->failure, HasSubstr("ended the search 10 times"));
}

TEST(Lease, OfAClockThatWasAheadEndsLikeOthers) {
  const StudyFolder folder;
  Study study(folder.path, kConfig);
  for (const Proposal& proposal : proposals(2)) study.add(proposal);
  study.offer(0, {.trial = 0, .to = 9, .reason = "new design"});
  ASSERT_TRUE(study.claim("dead", 0.1));
  SQLite::Database(folder.path / "study.db", SQLite::OPEN_READWRITE).exec("UPDATE jobs SET expires = expires + 3600");
  EXPECT_FALSE(study.claim("b", 60.0)) << "its holder may be alive, and has its time to say so";
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const std::optional<Lease> taken = study.claim("b", 60.0);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->fence, 2);
}

INSTANTIATE_TEST_SUITE_P(Stores, StudyJobs, ::testing::ValuesIn(testing::stores()), testing::store_name);

}  // namespace
}  // namespace kws
