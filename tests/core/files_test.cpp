#include "kws/core/files.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "kws/core/error.h"

namespace kws {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("kws_files_" + std::to_string(::getpid()) + "_" +
                                         ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  /// Names in the test's folder, sorted; staged leftovers would show up here.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(root_)) found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }

  fs::path root_;
};

template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(Files, AreReadAsTheyWereWritten) {
  const std::string bytes("a\0b\r\n\xff", 6);
  write_file(root_ / "new" / "deep" / "file", bytes);
  EXPECT_EQ(read_file(root_ / "new" / "deep" / "file"), bytes);
  write_file(root_ / "new" / "deep" / "file", "");
  EXPECT_EQ(read_file(root_ / "new" / "deep" / "file"), "");
}

TEST_F(Files, AMissingOneIsNamedInTheError) {
  EXPECT_THAT(error_of([&] { read_file(root_ / "none.json"); }),
              HasSubstr((root_ / "none.json: cannot read").string()));
  EXPECT_THAT(error_of([&] { read_file(root_); }), HasSubstr("cannot read"));
}

TEST_F(Files, AFailedWriteLeavesTheOldContentAndNothingBeside) {
  fs::create_directories(root_ / "taken" / "inside");  // a folder cannot be replaced by a file: the rename fails
  EXPECT_THAT(error_of([&] { write_file(root_ / "taken", "new"); }), HasSubstr("cannot write"));
  EXPECT_THAT(names(), ElementsAre("taken"));
  EXPECT_TRUE(fs::exists(root_ / "taken" / "inside"));
}

TEST_F(Files, APathBelowAFileCannotBeWritten) {
  write_file(root_ / "file", "old");
  EXPECT_THAT(error_of([&] { write_file(root_ / "file" / "below", "new"); }), HasSubstr("cannot make this folder"));
  EXPECT_THAT(error_of([&] { require_writable_folder(root_ / "file" / "below"); }),
              HasSubstr("cannot make this folder"));
  EXPECT_EQ(read_file(root_ / "file"), "old");
  EXPECT_THAT(names(), ElementsAre("file"));
}

TEST_F(Files, AFolderAppearsOnlyOnceItIsFull) {
  const fs::path folder = root_ / "model";
  write_folder(folder, false, [&](const fs::path& staging) {
    EXPECT_FALSE(fs::exists(folder));
    EXPECT_EQ(staging.parent_path(), folder.parent_path());  // the same disk, so that the rename is one step
    write_file(staging / "a", "1");
  });
  EXPECT_EQ(read_file(folder / "a"), "1");
  EXPECT_THAT(names(), ElementsAre("model"));
}

TEST_F(Files, AFolderWhoseFillingFailsLeavesNothing) {
  const auto half = [](const fs::path& staging) {
    write_file(staging / "a", "half");
    throw Error("stopped");
  };
  EXPECT_EQ(error_of([&] { write_folder(root_ / "model", false, half); }), "stopped");
  EXPECT_THAT(names(), IsEmpty());

  write_folder(root_ / "model", false, [](const fs::path& staging) { write_file(staging / "a", "old"); });
  EXPECT_EQ(error_of([&] { write_folder(root_ / "model", true, half); }), "stopped");
  EXPECT_EQ(read_file(root_ / "model" / "a"), "old");
  EXPECT_THAT(names(), ElementsAre("model"));
}

TEST_F(Files, AnExistingFolderIsReplacedOnRequestAlone) {
  const auto fill = [](const char* name) {
    return [name](const fs::path& staging) { write_file(staging / name, name); };
  };
  write_folder(root_ / "out", false, fill("first"));
  EXPECT_THAT(error_of([&] { write_folder(root_ / "out", false, fill("second")); }), HasSubstr("exists already"));
  EXPECT_TRUE(fs::exists(root_ / "out" / "first"));
  write_folder(root_ / "out/", true, fill("third"));
  EXPECT_FALSE(fs::exists(root_ / "out" / "first"));
  EXPECT_EQ(read_file(root_ / "out" / "third"), "third");
  EXPECT_THAT(names(), ElementsAre("out"));
}

TEST_F(Files, AWritableFolderIsMadeAndLeftEmpty) {
  require_writable_folder(root_ / "a" / "b");
  EXPECT_TRUE(fs::is_empty(root_ / "a" / "b"));
}

// The digests of "" and "abc": FIPS 180-4 and its examples.
TEST(Digests, HaveTheirPublishedValues) {
  EXPECT_EQ(sha1_hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(Files, AreHashedPieceByPiece) {
  write_file(root_ / "empty", "");
  EXPECT_EQ(sha256_of_file(root_ / "empty"), sha256_hex(""));
  const std::string bytes((std::size_t{2} << 20U) + 3, 'k');  // more than two pieces
  write_file(root_ / "long", bytes);
  EXPECT_EQ(sha256_of_file(root_ / "long"), sha256_hex(bytes));
  EXPECT_THAT(error_of([&] { sha256_of_file(root_ / "none"); }), HasSubstr("none: cannot read"));
  EXPECT_THAT(error_of([&] { sha256_of_file(root_); }), HasSubstr("cannot read"));
}

}  // namespace
}  // namespace kws
