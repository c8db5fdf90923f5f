#include "kws/search/curves.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <functional>

#include "fake_evaluator.h"
#include "kws/core/files.h"
#include "synthetic_curves.h"

namespace kws {
namespace {

using ::testing::HasSubstr;
using testing::StudyFolder;

void pack(const std::filesystem::path& file, const std::string& text) {
  const gzFile packed = gzopen(file.c_str(), "wb");
  ASSERT_NE(packed, nullptr);
  EXPECT_EQ(gzwrite(packed, text.data(), static_cast<unsigned>(text.size())), static_cast<int>(text.size()));
  EXPECT_EQ(gzclose(packed), Z_OK);
}

TEST(Curves, ReadPlainOrPacked) {
  const StudyFolder folder;
  const CurveTable table = testing::synthetic_curves(14, 1);
  const std::string text = testing::curves_json(table).dump();
  write_file(folder.path / "curves.json", text);
  pack(folder.path / "curves.json.gz", text);
  for (const char* name : {"curves.json", "curves.json.gz"}) {
    const CurveTable read = load_curves(folder.path / name);
    EXPECT_EQ(read.epochs(), 27);
    ASSERT_EQ(read.curves.size(), 14U);
    for (std::size_t i = 0; i < 14; ++i) {
      EXPECT_EQ(design_hash(read.curves[i].design), design_hash(table.curves[i].design));
      EXPECT_EQ(read.curves[i].memory_bytes, table.curves[i].memory_bytes);
      EXPECT_EQ(read.curves[i].ops, table.curves[i].ops);
      EXPECT_EQ(read.curves[i].accuracy, table.curves[i].accuracy);
    }
  }
}

TEST(Curves, WhatIsWrittenIsReadBackExactly) {
  const StudyFolder folder;
  CurveTable table = testing::synthetic_curves(14, 1);
  table.data = "fingerprint";
  for (const char* name : {"curves.json", "curves.json.gz"}) {
    save_curves(folder.path / name, table);
    const CurveTable read = load_curves(folder.path / name);
    EXPECT_EQ(testing::curves_json(read), testing::curves_json(table)) << name;
    EXPECT_EQ(read.data, "fingerprint");
  }
  const Json json = load_json((folder.path / "curves.json").string());
  EXPECT_EQ(json["epochs"], 27);
  EXPECT_EQ(json["data"], "fingerprint");
  EXPECT_EQ(json["designs"], testing::curves_json(table)["designs"]);
}

TEST(Curves, HoldCrossEntropiesWhereTheyAreRecorded) {
  const StudyFolder folder;
  CurveTable table = testing::synthetic_curves(2, 1, 2);
  table.curves[1].cross_entropy = {1.5, 0.25};
  save_curves(folder.path / "curves.json", table);
  const CurveTable read = load_curves(folder.path / "curves.json");
  EXPECT_TRUE(read.curves[0].cross_entropy.empty());
  EXPECT_EQ(read.curves[1].cross_entropy, table.curves[1].cross_entropy);
}

TEST(Curves, ALengthThatIsToldMustBeThatOfTheDesigns) {
  const StudyFolder folder;
  Json json = testing::curves_json(testing::synthetic_curves(2, 1, 2));
  json.erase("epochs");
  json.erase("data");
  write_file(folder.path / "curves.json", json.dump());
  EXPECT_EQ(load_curves(folder.path / "curves.json").epochs(), 2);
  json["epochs"] = 3;
  write_file(folder.path / "curves.json", json.dump());
  EXPECT_THROW(load_curves(folder.path / "curves.json"), Error);
}

TEST(Curves, PackedFileHoldsNoTimeAndIsMuchSmaller) {
  const StudyFolder folder;
  const CurveTable table = testing::synthetic_curves(14, 1);
  save_curves(folder.path / "curves.json", table);
  save_curves(folder.path / "curves.json.gz", table);
  const std::string packed = read_file(folder.path / "curves.json.gz");
  ASSERT_GT(packed.size(), 10U);
  EXPECT_EQ(packed.substr(0, 8), std::string("\x1f\x8b\x08\0\0\0\0\0", 8)) << "gzip, deflate, no name, time 0";
  EXPECT_LT(2 * packed.size(), read_file(folder.path / "curves.json").size());
}

TEST(Curves, FileThatCannotBeWrittenIsNamedAndLeavesNothing) {
  const StudyFolder folder;
  write_file(folder.path / "file", "no folder");
  EXPECT_THROW(save_curves(folder.path / "file" / "curves.json.gz", testing::synthetic_curves(2, 1)), Error);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path), {}), 1);
}

TEST(Curves, ErrorsNameTheFileAndThePlace) {
  const StudyFolder folder;
  const std::filesystem::path file = folder.path / "t.json";
  const auto complaint = [&](const std::function<void(Json&)>& spoil) -> std::string {
    Json json = testing::curves_json(testing::synthetic_curves(3, 1, 4));
    spoil(json);
    write_file(file, json.dump());
    try {
      load_curves(file);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), Exit::usage);
      EXPECT_THAT(error.what(), HasSubstr("t.json: "));
      EXPECT_THAT(std::string(error.what()), ::testing::Not(HasSubstr("\n")));
      return error.what();
    }
    return "nothing was thrown";
  };
  EXPECT_THAT(complaint([](Json& json) { json["schema"] = "kwsmith.curves/2"; }), HasSubstr("schema"));
  EXPECT_THAT(complaint([](Json& json) { json["designs"] = Json::array(); }), HasSubstr("designs: is empty"));
  EXPECT_THAT(complaint([](Json& json) { json["designs"][1].erase("epochs"); }),
              HasSubstr("designs[1].epochs: missing"));
  EXPECT_THAT(complaint([](Json& json) { json["designs"][1]["epochs"][2] = 1.5; }),
              HasSubstr("designs[1].epochs[2]: 1.5 is out of range"));
  EXPECT_THAT(complaint([](Json& json) { json["designs"][2]["epochs"].push_back(0.5); }),
              HasSubstr("designs[2].epochs: has another length"));
  EXPECT_THAT(complaint([](Json& json) { json["designs"].push_back(json["designs"][1]); }),
              HasSubstr("designs[3].design: is an earlier one's"));
  EXPECT_THAT(complaint([](Json& json) { json["designs"][0]["ops"] = 1; }),
              HasSubstr("designs[0].ops: is not the design's"));
  EXPECT_THAT(complaint([](Json& json) { json["designs"][0]["type"] = "tree"; }), HasSubstr("designs[0].type"));
  EXPECT_THAT(complaint([](Json& json) { json["designs"][0]["design"]["clases"] = 1; }), HasSubstr("clases"));
  EXPECT_THAT(complaint([](Json& json) { json = 5; }), HasSubstr("5 is not an object"));
}

TEST(Curves, FilesThatCannotBeReadAreErrors) {
  const StudyFolder folder;
  write_file(folder.path / "text.json", "not JSON");
  pack(folder.path / "whole.json.gz", testing::curves_json(testing::synthetic_curves(14, 1)).dump());
  const std::string whole = read_file(folder.path / "whole.json.gz");
  write_file(folder.path / "cut.json.gz", whole.substr(0, whole.size() / 2));
  for (const char* name : {"absent.json", "text.json", "cut.json.gz", "."}) {
    EXPECT_THROW(load_curves(folder.path / name), Error) << name;
  }
}

TEST(Curves, WhatUnpacksToMoreThanATableIsRefusedBeforeItFillsTheMemory) {
  const StudyFolder folder;
  pack(folder.path / "spaces.json.gz", std::string(std::size_t{70} << 20U, ' '));
  EXPECT_LT(std::filesystem::file_size(folder.path / "spaces.json.gz"), 200000U);
  pack(folder.path / "deep.json.gz", std::string(100000, '['));
  const auto complaint = [&](const char* name) -> std::string {
    try {
      load_curves(folder.path / name);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(complaint("spaces.json.gz"), HasSubstr("unpacks to more than 64 MiB"));
  EXPECT_THAT(complaint("deep.json.gz"), HasSubstr("nested deeper than 64 levels"));
}

}  // namespace
}  // namespace kws
