#include "kws/search/tpe.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "kws/search/space.h"

namespace kws {
namespace {

struct Drawn {
  std::vector<Design> designs;
  std::vector<Point> points;
};

Drawn draw(Vocabulary& vocabulary, const std::vector<std::string>& types, int count) {
  Drawn drawn;
  Rng rng({4});
  for (int i = 0; i < count; ++i) {
    const std::string& type = types[static_cast<std::size_t>(i) % types.size()];
    drawn.designs.push_back(sample(Space{}, type, 12, rng).design);
    drawn.points.push_back(vocabulary.point(drawn.designs.back(), needs_of(drawn.designs.back(), std::nullopt)));
  }
  return drawn;
}

/// Mean worth of the model's best ten of a hundred, over the mean of all.
double gain(const std::vector<std::string>& types, const std::function<double(const Design&)>& worth) {
  Vocabulary vocabulary;
  const Drawn drawn = draw(vocabulary, types, 160);
  std::vector<double> accuracy;
  for (const Design& design : drawn.designs) accuracy.push_back(worth(design));
  const std::span<const Point> points(drawn.points);
  const ParzenModel model(vocabulary, points.first(60), std::span(accuracy).first(60));
  std::vector<std::size_t> order(100);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = 60 + i;
  std::ranges::sort(order, std::greater{}, [&](std::size_t i) { return model.score(drawn.points[i]); });
  double best = 0.0, all = 0.0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    all += accuracy[order[i]] / 100.0;
    if (i < 10) best += accuracy[order[i]] / 10.0;
  }
  return best / all;
}

TEST(ParzenModel, FindsTheGoodRangeOfANumber) {
  EXPECT_GT(gain({"gru"},
                 [](const Design& design) {
                   return 1.0 - std::abs(std::log(design_to_json(design)["network"]["cells"].get<int>() / 100.0));
                 }),
            1.4);
}

TEST(ParzenModel, FindsTheGoodType) {
  const std::vector<std::string> seven = {"dnn", "cnn", "basic_lstm", "lstm", "gru", "crnn", "ds_cnn"};
  EXPECT_GT(gain(seven, [](const Design& design) { return design.type() == "crnn" ? 0.9 : 0.1; }), 3.0);
}

TEST(ParzenModel, FindsTheGoodFrontEndOverAllTypes) {
  EXPECT_GT(gain(network_types(), [](const Design& design) { return 10.0 / design.features.stride_ms; }), 1.2);
}

TEST(ParzenModel, ParameterOfAnotherTypeSaysNothing) {
  Vocabulary vocabulary;
  const Drawn drawn = draw(vocabulary, {"dnn"}, 20);
  const std::vector<double> accuracy(20, 0.5);
  const ParzenModel model(vocabulary, drawn.points, accuracy);
  const Drawn others = draw(vocabulary, {"gru"}, 1);
  EXPECT_TRUE(std::isfinite(model.score(others.points[0])));
}

TEST(ParzenModel, ZeroIsHalfOfTheLeastAndNoWorldApart) {
  Vocabulary vocabulary;
  std::vector<Point> points;
  std::vector<double> accuracy;
  const Design design = known_designs()[0];
  const auto point_at = [&](double mask) {
    const std::vector<std::pair<std::string, double>> training = {{"mask_ms", mask}};
    return vocabulary.point(design, needs_of(design, std::nullopt), training);
  };
  for (const auto& [mask, worth, count] :
       {std::tuple{100.0, 0.9, 6}, {50.0, 0.5, 10}, {25.0, 0.5, 10}, {0.0, 0.5, 4}}) {
    for (int i = 0; i < count; ++i) {
      points.push_back(point_at(mask));
      accuracy.push_back(worth);
    }
  }
  const ParzenModel model(vocabulary, points, accuracy);
  EXPECT_GT(model.score(point_at(100.0)), model.score(point_at(25.0)) + 1.0);
  EXPECT_GT(model.score(point_at(100.0)), model.score(point_at(0.0)) + 1.0);
}

TEST(ParzenModel, FailedTrialsAreNeverGood) {
  Vocabulary vocabulary;
  const Drawn drawn = draw(vocabulary, {"dnn", "gru"}, 20);
  std::vector<double> accuracy(20, 0.0);
  accuracy[1] = 0.1;  // a gru; all others failed
  const ParzenModel model(vocabulary, drawn.points, accuracy);
  EXPECT_GT(model.score(drawn.points[1]), model.score(drawn.points[0]));
}

}  // namespace
}  // namespace kws
