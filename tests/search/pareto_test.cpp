#include "../../search/pareto.h"

#include <gmock/gmock.h>

namespace kws {
namespace {

using ::testing::ElementsAre;

TEST(Pareto, DropsPointsThatAnotherOneDominates) {
  const std::vector<ParetoPoint> points{{100, 10, 0.9}, {100, 10, 0.8}, {120, 12, 0.9}, {50, 10, 0.7}};
  EXPECT_THAT(pareto_front(points), ElementsAre(0, 3));
}

TEST(Pareto, KeepsPointsThatAreBestInOneOfTheThree) {
  const std::vector<ParetoPoint> points{{10, 90, 0.5}, {90, 10, 0.5}, {90, 90, 0.6}};
  EXPECT_THAT(pareto_front(points), ElementsAre(0, 1, 2));
}

TEST(Pareto, KeepsEqualPoints) {
  const std::vector<ParetoPoint> points{{10, 10, 0.5}, {10, 10, 0.5}};
  EXPECT_THAT(pareto_front(points), ElementsAre(0, 1));
}

TEST(Hypervolume, IsTheMeanOfTheBestThatFits) {
  // Limits below a quarter: nothing; up to a half 0.8; beyond 0.9.
  const std::vector<FrontPoint> line{{{0.5}, 0.9}, {{0.25}, 0.8}, {{0.75}, 0.7}};
  EXPECT_NEAR(hypervolume(line), 0.25 * 0.8 + 0.5 * 0.9, 1e-12);
  // Two limits: squares from a corner to (1, 1) that lie over each other.
  const std::vector<FrontPoint> plane{{{0.5, 0.0}, 0.6}, {{0.0, 0.5}, 0.8}};
  EXPECT_NEAR(hypervolume(plane), 0.5 * 0.8 + 0.25 * 0.6, 1e-12);
}

TEST(Hypervolume, LeavesOutWhatBreaksALimit) {
  const std::vector<FrontPoint> points{{{1.5, 0.1}, 0.9}};
  EXPECT_EQ(hypervolume(points), 0.0);
  EXPECT_EQ(hypervolume({}), 0.0);
}

TEST(Pareto, OfNothingIsNothing) { EXPECT_TRUE(pareto_front({}).empty()); }

}  // namespace
}  // namespace kws
