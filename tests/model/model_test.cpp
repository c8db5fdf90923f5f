#include "kws/model/model.h"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <iomanip>
#include <limits>
#include <set>
#include <sstream>

#include "kws/core/error.h"
#include "kws/core/files.h"
#include "random_model.h"
#include "repository.h"
#include "temp_folder.h"

namespace kws {
namespace {

namespace fs = std::filesystem;
using test::random_model;
using test::small_design;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

using Files = std::map<std::string, std::string>;

TEST(Model, SurvivesItsFilesAndItsBytes) {
  for (const char* network : {R"({"type":"gru","layers":1,"cells":8})", R"({"type":"dnn","hidden":[8]})",
                              R"({"type":"lstm","cells":8,"projection":4})"}) {
    const Model model = random_model(small_design(network));
    const Files files = model_files(model);
    EXPECT_EQ(model_files(model_from_files(files, "m")), files);
    EXPECT_EQ(model_files(unpack_model(pack_model(model))), files);
  }
}

TEST(Model, ALossThatIsNoNumberStaysNone) {
  Model model = random_model(small_design());
  model.metrics.loss = std::nan("");
  const Model read = model_from_files(model_files(model), "m");
  EXPECT_TRUE(std::isnan(read.metrics.loss));
  EXPECT_EQ(read.metrics.int8_validation, model.metrics.int8_validation);
}

struct Damage {
  const char* what;
  std::function<void(Json&)> edit;  ///< of model.json
  const char* complaint;
};

const std::vector<Damage>& damages() {
  static const std::vector<Damage> rows = {
      {"no object", [](Json& j) { j = 5; }, "m/model.json: 5 is not an object"},
      {"null", [](Json& j) { j = nullptr; }, "m/model.json: null is not an object"},
      {"schema of a wrong type", [](Json& j) { j["schema"] = 5; }, "schema: 5 is not a string"},
      {"another schema", [](Json& j) { j["schema"] = "kwsmith.model/9"; }, "schema: \"kwsmith.model/9\" is unknown"},
      {"unknown key", [](Json& j) { j["colour"] = 1; }, "colour: unknown key"},
      {"no labels", [](Json& j) { j["labels"] = Json::array(); },
       "labels: has 0 items (write [...] with 4 to 4 items)"},
      {"one label", [](Json& j) { j["labels"] = {"a"}; }, "labels: has 1 items"},
      {"too many labels", [](Json& j) { j["labels"].push_back("more"); }, "labels: has 5 items"},
      {"a label twice", [](Json& j) { j["labels"][3] = "word2"; }, "labels: \"word2\" stands there twice"},
      {"an empty label", [](Json& j) { j["labels"][3] = ""; }, "labels[3]: \"\" is no name"},
      {"a label with an escape", [](Json& j) { j["labels"][3] = "\x1b[31m"; }, "labels[3]: \"\\u001b[31m\" is no name"},
      {"a label that is a number", [](Json& j) { j["labels"][3] = 7; }, "labels[3]: 7 is not a string"},
      {"no mean", [](Json& j) { j["normalisation"]["mean"] = Json::array(); }, "normalisation.mean: has 0 items"},
      {"a short deviation", [](Json& j) { j["normalisation"]["deviation"].erase(0); },
       "normalisation.deviation: has 9 items"},
      {"a deviation of 0", [](Json& j) { j["normalisation"]["deviation"][2] = 0; },
       "normalisation.deviation[2]: 0 is out of range"},
      {"a huge mean", [](Json& j) { j["normalisation"]["mean"][1] = 1e300; },
       "normalisation.mean[1]: 1e+300 is out of range"},
      {"a mean of null", [](Json& j) { j["normalisation"]["mean"][1] = nullptr; },
       "normalisation.mean[1]: null is not a number"},
      {"long golden rows",
       [](Json& j) {
         Json& row = j["golden"][0];
         const Json once = row;
         for (int i = 0; i < 3; ++i) row.insert(row.end(), once.begin(), once.end());
       },
       "golden[0]: has 1000 items (write [...] with 250 to 250 items)"},
      {"many golden rows",
       [](Json& j) {
         const Json row = j["golden"][0];
         for (int i = 0; i < 3; ++i) j["golden"].push_back(row);
       },
       "golden: has 5 items (write [...] with 0 to 4 items)"},
      {"a golden value beyond a byte", [](Json& j) { j["golden"][1][3] = 128; }, "golden[1][3]: 128 is out of range"},
      {"a golden value beyond an integer", [](Json& j) { j["golden"][1][3] = 1e19; },
       "golden[1][3]: 1e+19 is not an integer"},
      {"a threshold above 1", [](Json& j) { j["metrics"]["detector_threshold"] = 5.0; },
       "metrics.detector_threshold: 5.0 is out of range (0.0 to 1.0)"},
      {"more keywords found than spoken",
       [](Json& j) {
         j["metrics"]["heard"] = {{"hours", 1.0}, {"words", 10}, {"found", 11}, {"false_accepts", 0}};
       },
       "metrics.heard.found: 11 is out of range (0 to 10)"},
      {"a threshold below 0", [](Json& j) { j["metrics"]["detector_threshold"] = -1; },
       "metrics.detector_threshold: -1 is out of range"},
      {"an accuracy above 1", [](Json& j) { j["metrics"]["int8_test"] = 1e300; }, "metrics.int8_test: "},
      {"a null where none may be", [](Json& j) { j["metrics"]["epochs"] = nullptr; },
       "metrics.epochs: null is not an integer"},
      {"a keyword in place of silence", [](Json& j) { j["labels"][0] = "door"; }, "labels: \"door\" is a keyword"},
      {"a missing metric", [](Json& j) { j["metrics"].erase("best_epoch"); }, "metrics.best_epoch: missing"},
      {"another number of classes", [](Json& j) { j["design"]["classes"] = 5; }, "labels: has 4 items"},
      {"another network", [](Json& j) { j["design"]["network"]["cells"] = 9; },
       "m/weights.bin: does not hold this design's weights"},
      {"a design of gigabytes",
       [](Json& j) {
         j["design"]["network"] = {{"type", "gru"}, {"layers", 4}, {"cells", 2048}};
       },
       "m/weights.bin: does not hold this design's weights"},
  };
  return rows;
}

TEST(Model, FilesThatDoNotFitTheirDesignAreRefusedByField) {
  const Files good = model_files(random_model(small_design()));
  for (const Damage& damage : damages()) {
    SCOPED_TRACE(damage.what);
    Files files = good;
    Json json = Json::parse(good.at("model.json"));
    damage.edit(json);
    files["model.json"] = json.dump();
    try {
      (void)model_from_files(files, "m");
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(damage.complaint));
      EXPECT_THAT(error.what(), HasSubstr("train or copy the model again"));
      EXPECT_EQ(error.exit_code(), Exit::failed);
    }
  }
}

std::string complaint_about(const Files& files) {
  try {
    (void)model_from_files(files, "m");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Model, WeightsAreHeldAgainstTheirIndexAndAreNumbers) {
  Files files = model_files(random_model(small_design()));
  const std::string good = files["weights.bin"];
  const std::size_t line = good.find('\n') + 1;

  files["weights.bin"] = good.substr(0, good.size() - 4);
  EXPECT_THAT(complaint_about(files), HasSubstr("m/weights.bin: holds "));
  files["weights.bin"] = "[]\n" + good.substr(line);
  EXPECT_THAT(complaint_about(files), HasSubstr("does not hold this design's weights"));
  files["weights.bin"] = good.substr(line);
  EXPECT_THAT(complaint_about(files), HasSubstr("does not hold this design's weights"));
  files["weights.bin"] = good;
  const float none = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(files["weights.bin"].data() + line, &none, sizeof none);
  EXPECT_THAT(complaint_about(files), HasSubstr("holds a value that is no number"));
}

TEST(Model, NestingIsBounded) {
  Files files = model_files(random_model(small_design()));
  files["model.json"] = std::string(100000, '[');
  EXPECT_THAT(complaint_about(files), HasSubstr("nested deeper than 64 levels"));
}

TEST(Model, StoredBytesAreCheckedLikeFiles) {
  const std::string good = pack_model(random_model(small_design()));
  const auto complaint = [](const std::string& bytes) {
    try {
      (void)unpack_model(bytes, "trial 7");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{50}, good.size() / 2, good.size() - 1}) {
    EXPECT_THAT(complaint(good.substr(0, size)), HasSubstr("trial 7")) << size;
  }
  const std::string rest = good.substr(good.find('\n'));
  EXPECT_THAT(complaint("7" + rest), HasSubstr("7 is not an object"));
  EXPECT_THAT(complaint(R"([{"name": "model.json", "bytes": 1e30}])" + rest), HasSubstr("bytes: 1e+30 is not"));
  EXPECT_THAT(complaint(R"([{"name": "model.json", "bytes": -1}])" + rest), HasSubstr("bytes: -1 is out of range"));
  EXPECT_THAT(complaint(R"([{"name": "model.json", "bytes": 99999999}])" + rest), HasSubstr("out of range"));
}

class ModelFolder : public test::TempFolderTest {};

TEST_F(ModelFolder, KeepsWhatElseLiesInIt) {
  Model model = random_model(small_design());
  save_model(model, root_ / "m");
  write_file(root_ / "m" / "notes.txt", "mine");
  write_file(root_ / "m" / "firmware" / "kws.c", "mine");
  model.metrics.detector_threshold = 0.75;
  model.metrics.detector_carries_state = true;
  model.metrics.heard = {.hours = 0.5, .words = 100, .found = 80, .false_accepts = 3};
  save_metrics(model, root_ / "m");
  EXPECT_EQ(*load_model(root_ / "m").metrics.detector_threshold, 0.75);
  EXPECT_TRUE(load_model(root_ / "m").metrics.detector_carries_state);
  EXPECT_EQ(load_model(root_ / "m").metrics.heard->false_accepts, 3);
  EXPECT_EQ(*model_without_weights(root_ / "m").metrics.detector_threshold, 0.75);
  EXPECT_EQ(model_without_weights(root_ / "m").labels, model.labels);
  const Model other = random_model(small_design(), 2);
  save_model(other, root_ / "m");
  EXPECT_EQ(model_files(load_model(root_ / "m")), model_files(other));
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "m")) {
    names.push_back(fs::relative(entry.path(), root_ / "m").string());
  }
  EXPECT_THAT(names, UnorderedElementsAre(".kwsmith", "model.json", "weights.bin", "model.int8.json", "notes.txt",
                                          "firmware", "firmware/kws.c"));
}

TEST_F(ModelFolder, ALinkToItStaysALink) {
  save_model(random_model(small_design()), root_ / "m");
  fs::create_directory_symlink(root_ / "m", root_ / "link");
  Model model = load_model(root_ / "link");
  model.metrics.detector_threshold = 0.875;
  save_metrics(model, root_ / "link");
  EXPECT_TRUE(fs::is_symlink(root_ / "link"));
  EXPECT_EQ(*load_model(root_ / "m").metrics.detector_threshold, 0.875);
}

TEST_F(ModelFolder, OneWithoutItsFilesIsNamed) {
  EXPECT_THROW((void)load_model(root_ / "nowhere"), Error);
  save_model(random_model(small_design()), root_ / "m");
  fs::remove(root_ / "m" / "weights.bin");
  try {
    (void)load_model(root_ / "m");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("has no weights.bin"));
    EXPECT_EQ(error.exit_code(), Exit::usage);
  }
}

TEST(Model, ThoseThatComeWithTheProgramAreReadAndHaveTheirCards) {
  std::set<std::string> there;
  for (const auto& entry : fs::directory_iterator(repository() / "configs" / "models")) {
    if (!entry.is_directory()) continue;
    const Model model = load_model(entry.path());
    EXPECT_EQ(model.design.name, entry.path().filename()) << "the name by which verbs find it";
    ASSERT_TRUE(model.metrics.int8_test.has_value()) << model.design.name;
    std::ostringstream accuracy;
    accuracy << std::fixed << std::setprecision(2) << 100.0 * *model.metrics.int8_test;
    const std::string card = read_file(entry.path() / "README.md");
    EXPECT_THAT(card, HasSubstr("int8 test accuracy " + accuracy.str() + " %"));
    for (const char* said : {"standard error", "CC BY 4.0", "bytes of memory", "Made by `", "recordings of Speech"}) {
      EXPECT_THAT(card, HasSubstr(said)) << model.design.name;
    }
    there.insert(model.design.name);
  }
  for (const char* wanted : {"dnn_s", "cnn_s", "basic_lstm_s", "lstm_s", "gru_s", "crnn_s", "ds_cnn_s"}) {
    EXPECT_TRUE(there.contains(wanted)) << wanted;
  }
  for (const char* winner : {"tc_resnet_13", "matchboxnet_3x2x64", "ds_tc_13"}) {  // small, medium, large
    EXPECT_TRUE(there.contains(winner)) << winner;
  }
}

}  // namespace
}  // namespace kws
