#include "kws/search/forecast.h"

#include <gmock/gmock.h>

namespace kws {
namespace {

const std::vector<int> kRungs = {1, 3, 9};

TEST(Forecast, TopRungIsItself) {
  const std::vector<Measured> measured{{0, 1, 0.5}, {0, 3, 0.7}, {0, 9, 0.75}};
  EXPECT_DOUBLE_EQ(forecast(measured, std::vector<std::string>{"dnn"}, kRungs)[0], 0.75);
}

TEST(Forecast, ErrorShrinksAsThatOfTheTrialsThatWentOn) {
  // From 1 to 3 epochs half of the error was left, from 3 to 9 again.
  const std::vector<Measured> measured{{0, 1, 0.6}, {0, 3, 0.8}, {0, 9, 0.9}, {1, 1, 0.2}, {2, 1, 0.4}, {2, 3, 0.7}};
  const std::vector<double> expected = forecast(measured, std::vector<std::string>(3, "dnn"), kRungs);
  EXPECT_NEAR(expected[1], 0.8, 1e-9);
  EXPECT_NEAR(expected[2], 0.85, 1e-9);
}

TEST(Forecast, SlowTypeIsExpectedToCatchUp) {
  const std::vector<std::string> types{"dnn", "dnn", "gru", "gru"};
  // The dnn has nothing to gain, the gru halves its error at each rung.
  const std::vector<Measured> measured{{0, 1, 0.7}, {0, 3, 0.7}, {0, 9, 0.7}, {1, 1, 0.7},
                                       {2, 1, 0.6}, {2, 3, 0.8}, {2, 9, 0.9}, {3, 1, 0.65}};
  const std::vector<double> expected = forecast(measured, types, kRungs);
  EXPECT_GT(expected[3], expected[1]);
}

TEST(Forecast, NothingIsExpectedOfAFailedTrialOrOfOneThatHasShownNothing) {
  const std::vector<Measured> measured{{0, 1, 0.7}, {0, 3, std::nullopt}};
  EXPECT_THAT(forecast(measured, std::vector<std::string>{"dnn", "dnn"}, kRungs), ::testing::ElementsAre(0.0, 0.0));
}

TEST(Forecast, WithoutExperienceIsWhatWasShown) {
  const std::vector<Measured> measured{{0, 1, 0.7}};
  EXPECT_NEAR(forecast(measured, std::vector<std::string>{"dnn"}, kRungs)[0], 0.7, 1e-12);
}

TEST(TrialsToLearnFrom, AreThoseOfTheHighestRungsThatHoldEnough) {
  const std::vector<Outlook> known{
      {.accuracy = 0.9, .rung = 2}, {.rung = 1}, {.accuracy = 0.5, .rung = 0}, {.rung = 2}};
  EXPECT_EQ(trials_to_learn_from(known, 2), (std::vector<bool>{true, false, false, true}));
  EXPECT_EQ(trials_to_learn_from(known, 3), (std::vector<bool>{true, true, false, true}));
  EXPECT_EQ(trials_to_learn_from(known, 4), (std::vector<bool>(4))) << "the first rung teaches nothing";
}

}  // namespace
}  // namespace kws
