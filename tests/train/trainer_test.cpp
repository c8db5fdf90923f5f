#include "kws/train/trainer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

#include "kws/core/error.h"
#include "kws/core/options.h"
#include "kws/families/design.h"
#include "kws/train/float_run.h"
#include "train/tones.h"

namespace kws {
namespace {

using TrainerTest = test::TonesTest;

Design small_design(const std::string& network) {
  const Json json = {{"schema", "kwsmith.design/1"},
                     {"name", "small"},
                     {"features",
                      {{"kind", "mfcc"},
                       {"coefficients", 10},
                       {"window_ms", 40},
                       {"stride_ms", 40},
                       {"mel_bins", 40},
                       {"low_hz", 20},
                       {"high_hz", 4000}}},
                     {"network", Json::parse(network)},
                     {"classes", 4}};
  return design_from_json(json, "test");
}

const std::vector<std::string>& seven_networks() {
  static const std::vector<std::string> all = {
      R"({"type":"dnn","hidden":[32]})",
      R"({"type":"cnn","conv":[{"filters":8,"kernel":[6,4],"stride":[2,2]},{"filters":8,"kernel":[4,2],"stride":[1,1]}],"linear":8,"fc":16})",
      R"({"type":"basic_lstm","cells":16})",
      R"({"type":"lstm","cells":16,"projection":8})",
      R"({"type":"gru","layers":1,"cells":16})",
      R"({"type":"crnn","conv":{"filters":8,"kernel":[6,4],"stride":[2,2]},"gru_layers":2,"cells":12,"fc":16})",
      R"({"type":"ds_cnn","conv":{"filters":12,"kernel":[6,4],"stride":[2,2]},"blocks":[{"filters":12,"kernel":[3,3],"stride":[1,1]}]})"};
  return all;
}

TrainOptions quick(int epochs) {
  TrainOptions options;
  options.epochs = epochs;
  options.batch_size = 10;
  options.ema = 0.9;
  options.seed = 3;
  return options;
}

TEST_F(TrainerTest, LearnsTonesWithEverySevenTypesAndKeepsTheBestEpochFolded) {
  const Dataset data = dataset();
  for (const std::string& network : seven_networks()) {
    const Design design = small_design(network);
    const Graph graph = build_graph(design);
    const FeatureFeed feed(data, design.features, 1);
    Trainer trainer(graph, feed, quick(16), 1);
    EpochReport report;
    double first_loss = 0.0;
    while (!trainer.finished()) {
      ASSERT_TRUE(trainer.run_epoch(report));
      if (report.epoch == 1) first_loss = report.loss;
    }
    EXPECT_LT(report.loss, first_loss) << network;
    EXPECT_GE(trainer.best_validation(), 0.6) << network << ": chance is a quarter to a half";
    // Folding batch norm into the weights must not change a decision: the folded net repeats the best epoch's accuracy.
    const FeatureBatch validation = feed.held_out(Split::validation);
    const std::vector<float> logits = run_float(graph, trainer.best_weights(), validation.features);
    EXPECT_DOUBLE_EQ(accuracy<float>(logits, validation.labels), trainer.best_validation()) << network;
  }
}

TEST_F(TrainerTest, SameSeedSameBytesForAnyNumberOfFeatureThreads) {
  const Dataset data = dataset();
  const Design design = small_design(seven_networks()[6]);
  std::vector<std::string> states;
  for (const int threads : {1, 2, 2}) {
    const FeatureFeed feed(data, design.features, threads);
    Trainer trainer(build_graph(design), feed, quick(3), threads);
    EpochReport report;
    while (!trainer.finished()) trainer.run_epoch(report);
    states.push_back(trainer.checkpoint());
  }
  EXPECT_EQ(states[0], states[1]);
  EXPECT_EQ(states[1], states[2]);
}

TEST_F(TrainerTest, ContinuesFromACheckpointToTheSameBytes) {
  const Dataset data = dataset();
  const Design design = small_design(seven_networks()[1]);
  const FeatureFeed feed(data, design.features, 1);
  Trainer whole(build_graph(design), feed, quick(4), 1);
  EpochReport report;
  std::string half;
  while (!whole.finished()) {
    whole.run_epoch(report);
    if (whole.epochs_done() == 2) half = whole.checkpoint();
  }
  Trainer continued(build_graph(design), feed, quick(4), 1);
  continued.restore(half);
  EXPECT_EQ(continued.epochs_done(), 2);
  while (!continued.finished()) continued.run_epoch(report);
  EXPECT_EQ(whole.checkpoint(), continued.checkpoint());

  Trainer other(build_graph(small_design(seven_networks()[0])), feed, quick(4), 1);
  EXPECT_THROW(other.restore(half), Error);
  EXPECT_THROW(other.restore("nonsense"), Error);
  EXPECT_THROW(continued.restore(half.substr(0, half.size() - 1)), Error);
}

TEST_F(TrainerTest, ARestartGoesOnFromTheEndOfAShorterTraining) {
  const Dataset data = dataset();
  for (const int tuning : {0, 2}) {
    const Design design = small_design(seven_networks()[6]);
    const Graph graph = build_graph(design);
    const FeatureFeed feed(data, design.features, 1);
    TrainOptions longer = quick(7);
    longer.restarts = {3, 5};
    longer.tuning_epochs = tuning;
    Trainer shorter(graph, feed, quick(3), 1), whole(graph, feed, longer, 1);
    EpochReport report;
    while (!shorter.finished()) shorter.run_epoch(report);
    std::vector<std::string> states;
    while (!whole.finished()) {
      whole.run_epoch(report);
      states.push_back(whole.checkpoint());
      if (whole.epochs_done() != 3) continue;
      EXPECT_EQ(states.back(), shorter.checkpoint()) << "whether a restart comes is of no account before it";
      const Weights theirs = shorter.best_weights();
      for (const auto& [name, tensor] : whole.best_weights()) EXPECT_EQ(tensor.data, theirs.at(name).data) << name;
    }
    EXPECT_LT(2 * states[2].size(), states[3].size()) << "at a restart the best weights are all";
    for (std::size_t done : {2U, 3U, 5U, 6U}) {  // both restarts, the end of the last cosine, and between them
      Trainer continued(graph, feed, longer, 1);
      continued.restore(done == 3 ? shorter.checkpoint() : states[done - 1]);
      while (!continued.finished()) continued.run_epoch(report);
      EXPECT_EQ(continued.checkpoint(), states.back()) << "from epoch " << done;
    }
  }
}

TEST_F(TrainerTest, LearnsFromBlendedClips) {
  const Dataset data = dataset();
  const Design design = small_design(seven_networks()[6]);
  const Graph graph = build_graph(design);
  const FeatureFeed feed(data, design.features, 1);
  TrainOptions blended = quick(16);
  blended.mixup = 0.5;
  Trainer trainer(graph, feed, blended, 1), plain(graph, feed, quick(16), 1);
  EpochReport report, other;
  trainer.run_epoch(report);
  plain.run_epoch(other);
  EXPECT_NE(report.loss, other.loss);
  while (!trainer.finished()) trainer.run_epoch(report);
  EXPECT_GE(trainer.best_validation(), 0.6) << "chance is a quarter to a half";
}

TEST_F(TrainerTest, RefusesCheckpointsWithFiguresThatNoTrainingHas) {
  const Dataset data = dataset();
  const Design design = small_design(seven_networks()[0]);
  const Graph graph = build_graph(design);
  const FeatureFeed feed(data, design.features, 1);
  Trainer trainer(graph, feed, quick(2), 1);
  const std::string good = trainer.checkpoint();
  const std::size_t fields = good.find('\n') + 1;  // int epoch, double loss, int best epoch, 2 double, int64 step
  const auto spoilt = [&]<class Number>(std::size_t at, Number value) {
    std::string bytes = good;
    std::memcpy(bytes.data() + fields + at, &value, sizeof value);
    return bytes;
  };
  for (const int epoch : {-1, 3, 1000000}) EXPECT_THROW(trainer.restore(spoilt(0, epoch)), Error) << epoch;
  EXPECT_THROW(trainer.restore(spoilt(16, 2.0)), Error) << "a validation accuracy of 200 %";
  EXPECT_THROW(trainer.restore(spoilt(32, std::int64_t{-11})), Error) << "a step of Adam";
  EXPECT_THROW(trainer.restore(good + "x"), Error);
  EXPECT_THROW(trainer.restore(good.substr(0, good.size() - 1)), Error);
  trainer.restore(good);
}

TEST(TrainableSize, IsBoundedInWeightsAndInNumbersOfABatch) {
  const auto refusal = [](const std::string& network, int batch_size) -> std::string {
    try {
      require_trainable_size(build_graph(small_design(network)), batch_size, "it");
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), Exit::usage);
      return error.what();
    }
    return "";
  };
  for (const std::string& network : seven_networks()) EXPECT_EQ(refusal(network, 10), "");
  const std::string wide = R"({"type":"dnn","hidden":[4096,4096,4096]})";
  EXPECT_EQ(refusal(wide, 10),
            "it: has 34,607,108 weights, training takes at most 20,000,000; make the network smaller");
  EXPECT_EQ(refusal(seven_networks()[0], 20'000'000),
            "it: has 720,000,000 numbers between the layers of a batch, training takes at most 500,000,000; make the "
            "network or the batch smaller");
}

TEST_F(TrainerTest, TuningKeepsAnEpochOnlyWhereItIsBetterAndContinuesFromACheckpointToTheSameBytes) {
  const Dataset data = dataset();
  for (const std::string& network : seven_networks()) {
    const Design design = small_design(network);
    const Graph graph = build_graph(design);
    const FeatureFeed feed(data, design.features, 1);
    const FeatureBatch validation = feed.held_out(Split::validation);
    const auto int8_accuracy = [&](const Trainer& trainer) {
      std::vector<std::int8_t> logits(validation.labels.size() * static_cast<std::size_t>(graph.output().elements()));
      run_int8(trainer.best_int8(), validation.features, logits);
      return accuracy<std::int8_t>(logits, validation.labels);
    };
    TrainOptions options = quick(4);
    options.tuning_epochs = 3;
    Trainer trainer(graph, feed, options, 1);
    EpochReport report;
    std::string half;
    double before = 0.0;
    while (!trainer.finished()) {
      ASSERT_TRUE(trainer.run_epoch(report));
      if (report.epoch == 4) before = int8_accuracy(trainer);
      if (report.epoch == 5) half = trainer.checkpoint();
    }
    EXPECT_EQ(report.epoch, 7);
    EXPECT_GE(int8_accuracy(trainer), before) << network;
    const std::vector<float> logits = run_float(graph, trainer.best_weights(), validation.features);
    EXPECT_DOUBLE_EQ(accuracy<float>(logits, validation.labels), trainer.best_validation()) << network;

    Trainer continued(graph, feed, options, 1);
    continued.restore(half);
    while (!continued.finished()) continued.run_epoch(report);
    EXPECT_EQ(trainer.checkpoint(), continued.checkpoint()) << network;
  }
}

}  // namespace
}  // namespace kws
