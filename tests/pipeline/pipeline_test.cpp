#include "kws/pipeline/pipeline.h"

#include <gtest/gtest.h>

#include <cmath>

#include "families/random_design.h"
#include "kws/core/bootstrap.h"
#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/options.h"
#include "kws/pipeline/training_evaluator.h"
#include "train/tones.h"

namespace kws {
namespace {

using MakeCheckpoint = std::function<std::string()>;
const TrialProgress kIgnore = [](int, const MakeCheckpoint&) {};

class PipelineTest : public test::TonesTest {
 protected:
  [[nodiscard]] static Design design() {
    return design_from_json(Json::parse(R"({"schema":"kwsmith.design/1","name":"small",
          "features":{"kind":"mfcc","coefficients":10,"window_ms":40,"stride_ms":40,"mel_bins":40,"low_hz":20,"high_hz":4000},
          "network":{"type":"gru","layers":1,"cells":16},"classes":4})"),
                            "test");
  }
  [[nodiscard]] static Proposal proposal(int epochs) {
    Proposal p{.number = 0, .budget = "small", .design = design(), .training = {}};
    p.training.epochs = epochs;
    p.training.batch_size = 10;
    p.training.ema = 0.9;
    return p;
  }
};

TEST_F(PipelineTest, ATrainingThatDivergesHasFiguresAllTheSame) {
  const Dataset data = dataset();
  Proposal wild = proposal(12);
  wild.design.network = test::network_from(R"({"type": "dnn", "hidden": [32, 32]})");
  wild.training.optimizer.peak_rate = 1.0;
  const TrialResult result = make_training_evaluator(data)->run(wild, 12, "", kIgnore);
  EXPECT_GT(result.int8_cross_entropy, 0.0);
  EXPECT_LE(result.int8_cross_entropy, 1e9);
}

TEST_F(PipelineTest, EnginesAgreeAndTheModelSurvivesItsFolder) {
  const Dataset data = dataset();
  const auto evaluator = make_training_evaluator(data);
  int reported = 0;
  std::string kept;
  const TrialResult result = evaluator->run(proposal(6), 6, "", [&](int done, const MakeCheckpoint& checkpoint) {
    reported = done;
    if (done == 3) kept = checkpoint();
  });
  EXPECT_EQ(reported, 6);
  EXPECT_EQ(evaluator->run(proposal(6), 6, kept, kIgnore).model, result.model) << "from a checkpoint kept on the way";
  EXPECT_GE(result.int8_validation, 0.5);

  const Model model = unpack_model(result.model);
  save_model(model, root_ / "model");
  const Model loaded = load_model(root_ / "model");
  EXPECT_EQ(model_files(loaded), model_files(model));

  const Evaluation int8 = evaluate(loaded, data, Split::testing, Engine::int8, 2);
  const Evaluation c = evaluate(loaded, data, Split::testing, Engine::c, 2);
  EXPECT_EQ(int8.output_sha256, c.output_sha256);
  EXPECT_EQ(int8.predicted, c.predicted);
  const Level far{.gain_db = -20.0, .offset = 50};
  const Evaluation quiet = evaluate(loaded, data, Split::testing, Engine::int8, 2, far);
  EXPECT_NE(quiet.output_sha256, int8.output_sha256);
  EXPECT_EQ(quiet.output_sha256, evaluate(loaded, data, Split::testing, Engine::c, 2, far).output_sha256);
  const Evaluation float_run = evaluate(loaded, data, Split::testing, Engine::float32, 1);
  EXPECT_NEAR(float_run.accuracy(), int8.accuracy(), 0.08);
  const TestResult test = evaluator->test(proposal(6), result.model);
  EXPECT_EQ(test.int8_accuracy, int8.accuracy());
  EXPECT_EQ(test.float_accuracy, float_run.accuracy());

  const Json json = evaluation_to_json(int8);
  int clips = 0;
  for (const auto& [label, counts] : json["per_class"].items()) clips += counts["clips"].get<int>();
  EXPECT_EQ(clips, json["clips"].get<int>()) << "rows add up";
  EXPECT_EQ(json["confusion"], Json(test.int8_confusion));
  EXPECT_EQ(test.labels, loaded.labels);
  EXPECT_EQ(test.float_confusion, confusion_of(float_run));
}

TEST(Evaluation, ThresholdsCountMissesAndFalseAccepts) {
  const Evaluation heard{.engine = "int8",
                         .labels = {"_silence_", "_unknown_", "yes", "no"},
                         .expected = {0, 1, 1, 2, 2, 3, 3, 3},
                         .predicted = {0, 2, 1, 2, 3, 3, 3, 0},
                         .posterior = {0.9, 0.6, 0.8, 0.97, 0.9, 0.5, 0.93, 0.9},
                         .speakers = {},
                         .output_sha256 = {}};
  EXPECT_EQ(confusion_of(heard), (Confusion{{1, 0, 0, 0}, {0, 1, 1, 0}, {0, 0, 1, 1}, {1, 0, 0, 2}}));
  Evaluation spoken = heard;
  spoken.speakers = {kFixedGroup, 0, 0, 1, 2, 1, 2, 3};
  EXPECT_GT(spoken.error(), 0.0);
  EXPECT_EQ(spoken.error(0), 0.0) << "silence is no sample";
  EXPECT_NEAR(spoken.error(1), std::sqrt(0.5 * 0.5 / 2.0), 0.02) << "one speaker: two clips, one of them right";
  EXPECT_NEAR(spoken.error(3), std::sqrt(1.0 / 3.0 * 2.0 / 3.0 / 3.0), 0.02) << "three speakers, one is not heard";
  const std::vector<ClipThreshold> points = thresholds_of(heard);
  ASSERT_EQ(points.size(), 21U);
  EXPECT_EQ(points[0].misses, 2.0 / 5) << "taken for another word, and for silence";
  EXPECT_EQ(points[0].false_accepts, 1.0 / 3);
  EXPECT_EQ(points[14].threshold, 0.7);
  EXPECT_EQ(points[14].misses, 3.0 / 5) << "one of them is heard at 0.5 alone";
  EXPECT_EQ(points[14].false_accepts, 0.0);
  EXPECT_EQ(points[20].threshold, 0.99);
  EXPECT_EQ(points[20].misses, 1.0);
}

TEST_F(PipelineTest, SameProposalSameBytes) {
  const Dataset data = dataset();
  const auto evaluator = make_training_evaluator(data);
  const TrialResult whole = evaluator->run(proposal(3), 3, "", kIgnore);
  EXPECT_FALSE(whole.checkpoint.empty()) << "a top rung that is raised goes on from there";
  EXPECT_EQ(make_training_evaluator(data)->run(proposal(3), 3, "", kIgnore).model, whole.model);
  const TrialResult first = evaluator->run(proposal(3), 1, "", kIgnore);
  EXPECT_EQ(first.epochs, 1);
  EXPECT_EQ(make_training_evaluator(data)->run(proposal(3), 3, first.checkpoint, kIgnore).model, whole.model)
      << "a rung on the way changes nothing";
}

TEST_F(PipelineTest, ADamagedCheckpointIsNotTheFaultOfItsDesign) {
  const Dataset data = dataset();
  const auto evaluator = make_training_evaluator(data);
  const std::string good = evaluator->run(proposal(2), 2, "", kIgnore).checkpoint;
  const auto complaint = [&](const std::string& checkpoint) -> std::string {
    try {
      (void)evaluator->run(proposal(2), 1, checkpoint, kIgnore);
    } catch (const DamagedCheckpoint& error) {
      return error.what();
    }
    return "";
  };
  for (const std::string& bad : {std::string("nonsense"), good + "x", good.substr(0, good.size() / 2)}) {
    EXPECT_EQ(complaint(bad), "stored checkpoint of trial 0: is none of its design");
  }
  EXPECT_EQ(complaint(good), "stored checkpoint of trial 0: is of epoch 2, its step ends at 1");
}

TEST_F(PipelineTest, QuantizingAgainOnTheSameClipsGivesTheSameNetwork) {
  const Dataset data = dataset();
  const Model model = unpack_model(make_training_evaluator(data)->run(proposal(4), 4, "", kIgnore).model);
  const FeatureFeed feed(data, model.design.features, model.normalisation, 1);
  const Quantization seen = quantize_model(model, feed, false);
  EXPECT_EQ(model_files(seen.model), model_files(model)) << "looking changes nothing";
  EXPECT_EQ(seen.layers.size(), 2U);
  const Quantization again = quantize_model(model, feed, true);
  EXPECT_EQ(model_files(again.model), model_files(model));
  const Json json = quantization_to_json(again);
  EXPECT_EQ(json["int8_validation"], json["int8_validation_before"]);
  EXPECT_EQ(json["layers"][1]["name"], "logits");
}

TEST_F(PipelineTest, DamagedModelFoldersSayWhatIsWrong) {
  const Dataset data = dataset();
  save_model(unpack_model(make_training_evaluator(data)->run(proposal(1), 1, "", kIgnore).model), root_ / "model");
  const std::string weights = read_file(root_ / "model" / "weights.bin");
  write_file(root_ / "model" / "weights.bin", weights.substr(0, weights.size() / 2));
  EXPECT_THROW((void)load_model(root_ / "model"), Error);
  std::filesystem::remove(root_ / "model" / "weights.bin");
  try {
    (void)load_model(root_ / "model");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("has no weights.bin"), std::string::npos);
  }
  EXPECT_THROW((void)load_model(root_ / "nowhere"), Error);
}

TEST_F(PipelineTest, LabelsOfModelAndDataMustAgree) {
  const Dataset data = dataset();
  const Model model = unpack_model(make_training_evaluator(data)->run(proposal(1), 1, "", kIgnore).model);
  const Dataset other(scan_corpus(root_), {{"high", "low"}}, {}, 1);
  EXPECT_THROW((void)evaluate(model, other, Split::testing, Engine::int8, 1), Error);
}

}  // namespace
}  // namespace kws
