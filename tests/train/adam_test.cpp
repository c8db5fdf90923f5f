#include "kws/train/adam.h"

#include <gtest/gtest.h>

#include <cmath>

namespace kws {
namespace {

TEST(Adam, FirstStepMovesByTheRateAgainstTheGradientsSign) {
  Adam adam(2);
  std::vector<float> parameters = {1.0F, -2.0F};
  adam.average = parameters;
  adam.update(parameters, std::vector<float>{0.3F, -0.01F}, std::vector<float>{0.0F, 0.0F}, 0.1, 0.5, 1e9, 0.0);
  EXPECT_NEAR(parameters[0], 0.9F, 1e-5F);
  EXPECT_NEAR(parameters[1], -1.9F, 1e-5F);
  EXPECT_EQ(adam.average, parameters) << "decay 0 follows at once";
}

TEST(Adam, DecaysOnlyWhatIsMarkedAndAverages) {
  Adam adam(2);
  std::vector<float> parameters = {1.0F, 1.0F};
  adam.average = parameters;
  adam.update(parameters, std::vector<float>{0.0F, 0.0F}, std::vector<float>{1.0F, 0.0F}, 0.1, 0.5, 1e9, 0.75);
  EXPECT_NEAR(parameters[0], 0.95F, 1e-6F);  // 1 - rate * decay
  EXPECT_EQ(parameters[1], 1.0F);
  EXPECT_NEAR(adam.average[0], 0.9875F, 1e-6F);  // a quarter of the way
}

TEST(Adam, ScalesLongGradientsToTheClipNorm) {
  Adam adam(2);
  std::vector<float> parameters = {0.0F, 0.0F};
  adam.update(parameters, std::vector<float>{30.0F, 40.0F}, std::vector<float>{0.0F, 0.0F}, 0.1, 0.0, 5.0, 0.0);
  EXPECT_NEAR(adam.first[0], 0.3F, 1e-6F);  // 0.1 of a gradient of norm 5
  EXPECT_NEAR(adam.first[1], 0.4F, 1e-6F);
}

TEST(CosineRate, WarmsUpPeaksAndEndsAtZero) {
  EXPECT_NEAR(cosine_rate(1.0, 0, 1000), 0.05, 1e-9);
  EXPECT_GT(cosine_rate(1.0, 25, 1000), 0.99);
  EXPECT_NEAR(cosine_rate(1.0, 500, 1000), 0.5, 1e-9);
  EXPECT_LT(cosine_rate(1.0, 999, 1000), 1e-5);
}

}  // namespace
}  // namespace kws
