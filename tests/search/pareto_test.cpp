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

TEST(Pareto, OfNothingIsNothing) { EXPECT_TRUE(pareto_front({}).empty()); }

}  // namespace
}  // namespace kws
