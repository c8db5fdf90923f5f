// A study that other programs have written to.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>

#include <fstream>

#include "kws/search/study.h"
#include "store_place.h"
#include "study_fixture.h"

namespace kws {
namespace {

using testing::deliver;
using ::testing::HasSubstr;
using testing::kConfig;
using testing::proposals;
using testing::refusal;
using testing::StudyFolder;

class ForeignRow : public ::testing::Test {
 protected:
  void SetUp() override {
    Study study(folder.path, kConfig);
    study.add(proposals(1)[0]);
    deliver(study, {.trial = 0, .to = 1, .reason = "new design"}, {.int8_validation = 0.5, .epochs = 1});
    study.set_test(0, {.float_accuracy = 0.9, .int8_accuracy = 0.8, .clips = 9});
  }
  /// What another program does to the file.
  void edit(const std::string& sql) const {
    SQLite::Database(folder.path / "study.db", SQLite::OPEN_READWRITE).exec(sql);
  }
  /// What looking into the study says.
  [[nodiscard]] std::string complaint() const {
    try {
      const Study study = Study::join(folder.path, false);
      (void)study.config();
      (void)study.trials();
      (void)study.tests();
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), Exit::store);
      return error.what();
    }
    return "";
  }
  StudyFolder folder;
};

TEST_F(ForeignRow, OfAnotherVersionIsRefusedByEveryReader) {
  EXPECT_EQ(complaint(), "");
  edit("UPDATE progress SET version = 99");
  EXPECT_THAT(complaint(), HasSubstr("made by a newer kwsmith (format 99, this one reads "));
  EXPECT_THAT(refusal(folder.path, kConfig, Exit::store), HasSubstr("made by a newer kwsmith"));
  EXPECT_THROW(Study::plan_of(folder.path), Error);
  edit("UPDATE progress SET version = 1");
  EXPECT_THAT(complaint(), HasSubstr("made by an older kwsmith (format 1, this one reads "));
  EXPECT_THAT(refusal(folder.path, kConfig, Exit::store), HasSubstr("made by an older kwsmith"));
  edit("DELETE FROM progress");
  EXPECT_THAT(complaint(), HasSubstr("its row of progress is gone"));
}

TEST_F(ForeignRow, IsReadLikeAFile) {
  const std::filesystem::path whole = folder.path / "whole.db";
  std::filesystem::copy_file(folder.path / "study.db", whole);
  const auto after = [&](const std::string& sql) {
    std::filesystem::copy_file(whole, folder.path / "study.db", std::filesystem::copy_options::overwrite_existing);
    edit(sql);
    return complaint();
  };
  EXPECT_THAT(after("UPDATE rungs SET result = json_set(result, '$.int8_validation', 1e6)"),
              HasSubstr("a result: int8_validation: 1000000.0 is out of range"));
  EXPECT_EQ(after("UPDATE rungs SET result = json_set(result, '$.int8_cross_entropy', NULL, '$.final_loss', 1e300)"),
            "")
      << "a training that diverged";
  EXPECT_THAT(after("UPDATE rungs SET result = '[]'"), HasSubstr("a result: [] is not an object"));
  EXPECT_EQ(after("UPDATE rungs SET result = NULL"), "") << "a step that failed";
  EXPECT_THAT(after("UPDATE tests SET result = json_set(result, '$.int8_accuracy', 2)"),
              HasSubstr("test of trial 0: int8_accuracy: 2 is out of range"));
  EXPECT_THAT(after("UPDATE tests SET result = '{'"), HasSubstr("test of trial 0:1:2: syntax error"));
  EXPECT_THAT(after("UPDATE trials SET proposal = json_set(proposal, '$.design.classes', 'many')"),
              HasSubstr("proposal 0: classes: \"many\" is not an integer"));
  EXPECT_THAT(after("UPDATE trials SET proposal = '" + std::string(100000, '[') + "'"), HasSubstr("nested deeper"));
  EXPECT_THAT(after("UPDATE config SET json = 'x'"), HasSubstr("config:1:1: syntax error"));
}

TEST_F(ForeignRow, AStudyWithoutItsConfigOrItsContentIsNoNewOne) {
  edit("DELETE FROM config");
  EXPECT_THAT(complaint(), HasSubstr("config: is gone"));
  EXPECT_THAT(refusal(folder.path, kConfig, Exit::store), HasSubstr("has trials but no config"));
  std::ofstream(folder.path / "config.json") << "{}";  // which a search leaves beside its study
  for (const char* content : {"", "S"}) {
    std::ofstream(folder.path / "study.db") << content;
    EXPECT_THAT(refusal(folder.path, kConfig, Exit::store), HasSubstr("study.db: is empty, though a search"));
  }
}

}  // namespace
}  // namespace kws
