#include "kws/core/files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "kws/core/error.h"
#include "kws/core/process.h"
#include "temp_folder.h"

namespace kws {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Files : public test::TempFolderTest {
 protected:
  /// Names in the test's folder, sorted; staged leftovers would show up here.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(root_)) found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }
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

TEST_F(Files, OnlyRegularFilesOfALimitedSizeAreReadWhole) {
  ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { read_file(root_ / "pipe"); }), HasSubstr("pipe: is not a regular file"));
  EXPECT_THAT(error_of([&] { read_file("/dev/zero"); }), HasSubstr("/dev/zero: is not a regular file"));
  write_file(root_ / "long", std::string((std::size_t{1} << 20U) + 1, 'k'));
  EXPECT_THAT(error_of([&] { read_file(root_ / "long", std::size_t{1} << 20U); }), HasSubstr("more than 1 MiB"));
}

TEST_F(Files, NothingIsWrittenThroughALinkThatSomebodyPlanted) {
  write_file(root_ / "victim", "mine");
  fs::create_directory(root_ / "shared");
  // The name that earlier versions staged under, and a link in the place of the target itself.
  fs::create_symlink(root_ / "victim", root_ / "shared" / (".r.html.part" + std::to_string(::getpid())));
  fs::create_symlink(root_ / "victim", root_ / "shared" / "r.html");
  write_file(root_ / "shared" / "r.html", "report");
  EXPECT_EQ(read_file(root_ / "victim"), "mine");
  EXPECT_EQ(read_file(root_ / "shared" / "r.html"), "report");
  EXPECT_FALSE(fs::is_symlink(root_ / "shared" / "r.html"));
}

TEST_F(Files, WhatDeadProcessesHaveStagedGoes) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  const auto staged = [&](const std::string& space, pid_t process) {
    return root_ / (".out.part-" + space + "-" + std::to_string(process) + "-1");
  };
  for (const fs::path& path :
       {staged(process_space(), child), staged("elsewhere", child), staged(process_space(), 1)}) {
    fs::create_directory(path);
  }
  write_folder(root_ / "out", FolderKind::model, false, [](const fs::path&) {});
  EXPECT_FALSE(fs::exists(staged(process_space(), child)));
  EXPECT_TRUE(fs::exists(staged("elsewhere", child))) << "another machine's or container's";
  EXPECT_TRUE(fs::exists(staged(process_space(), 1))) << "it lives";
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
  write_folder(folder, FolderKind::model, false, [&](const fs::path& staging) {
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
  EXPECT_EQ(error_of([&] { write_folder(root_ / "model", FolderKind::model, false, half); }), "stopped");
  EXPECT_THAT(names(), IsEmpty());

  const auto full = [](const fs::path& staging) {
    throw Error((staging / "word" / "a.wav").string() + ": cannot write: No space left on device", Exit::failed);
  };
  EXPECT_EQ(error_of([&] { write_folder(root_ / "model", FolderKind::model, false, full); }),
            (root_ / "model" / "word" / "a.wav").string() + ": cannot write: No space left on device");
  write_folder(root_ / "model", FolderKind::model, false,
               [](const fs::path& staging) { write_file(staging / "a", "old"); });
  EXPECT_EQ(error_of([&] { write_folder(root_ / "model", FolderKind::model, true, half); }), "stopped");
  EXPECT_EQ(read_file(root_ / "model" / "a"), "old");
  EXPECT_THAT(names(), ElementsAre("model"));
}

TEST_F(Files, WhatIsNoFileIsWrittenToAndStays) {
  ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] {
    std::ifstream pipe(root_ / "pipe");
    read.assign(std::istreambuf_iterator<char>(pipe), {});
  });
  write_file(root_ / "pipe", "content");
  reader.join();
  EXPECT_EQ(read, "content");
  EXPECT_TRUE(fs::is_fifo(root_ / "pipe"));
  fs::create_symlink("/dev/null", root_ / "link");
  EXPECT_THAT(error_of([&] { write_file(root_ / "link", "content"); }), HasSubstr("is not a regular file"));
  EXPECT_TRUE(fs::is_symlink(root_ / "link")) << "/dev/stdout is one, too";
  fs::create_symlink("/proc/self/fd/1", root_ / "out");
  EXPECT_THAT(error_of([&] { write_file(root_ / "out", "content"); }), HasSubstr("out: leads to an open file"));
}

TEST_F(Files, AnExistingFolderIsReplacedOnRequestAlone) {
  const auto fill = [](const char* name) {
    return [name](const fs::path& staging) { write_file(staging / name, name); };
  };
  write_folder(root_ / "out", FolderKind::model, false, fill("first"));
  EXPECT_THAT(error_of([&] { write_folder(root_ / "out", FolderKind::model, false, fill("second")); }),
              HasSubstr("exists already"));
  EXPECT_TRUE(fs::exists(root_ / "out" / "first"));
  write_folder(root_ / "out/", FolderKind::model, true, fill("third"));
  EXPECT_FALSE(fs::exists(root_ / "out" / "first"));
  EXPECT_EQ(read_file(root_ / "out" / "third"), "third");
  EXPECT_THAT(names(), ElementsAre("out"));
  fs::create_directory(root_ / "empty");
  write_folder(root_ / "empty", FolderKind::model, true, fill("fourth"));
  EXPECT_TRUE(fs::exists(root_ / "empty" / "fourth"));
}

TEST_F(Files, AFolderThatIsNotOursIsNeverReplaced) {
  write_file(root_ / "project" / "notes.txt", "mine");
  const auto fill = [](const fs::path&) {};
  EXPECT_THAT(error_of([&] { write_folder(root_ / "project", FolderKind::model, true, fill); }),
              HasSubstr("not a folder that kwsmith has"));
  EXPECT_EQ(read_file(root_ / "project" / "notes.txt"), "mine");
  EXPECT_THAT(error_of([&] { require_replaceable(root_ / "project" / "notes.txt", FolderKind::model); }),
              HasSubstr("not a folder"));
  require_replaceable(root_ / "new", FolderKind::model);
}

TEST_F(Files, AFolderIsReplacedByItsLikeAlone) {
  const auto fill = [](const fs::path& staging) { write_file(staging / "weights", "hours of training"); };
  write_folder(root_ / "model", FolderKind::model, false, fill);
  EXPECT_THAT(error_of([&] { write_folder(root_ / "model", FolderKind::firmware, true, fill); }),
              HasSubstr("was not written to hold what is to take its place"));
  write_file(root_ / "model" / kFolderMark,
             "This folder was written by kwsmith, which may replace it when asked to.\n");
  EXPECT_THAT(error_of([&] { require_replaceable(root_ / "model", FolderKind::model); }), HasSubstr("is not replaced"))
      << "of an earlier version, which did not say what it holds";
}

TEST_F(Files, OneThatExistsIsAWrongUse) {
  try {
    require_absent(root_, "choose another");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), root_.string() + ": exists already; choose another");
    EXPECT_EQ(error.exit_code(), Exit::usage);
  }
  EXPECT_THAT(error_of([] { write_file("", "x"); }), HasSubstr("without a name"));
  EXPECT_THAT(error_of([] { write_folder("", FolderKind::model, false, [](const fs::path&) {}); }),
              HasSubstr("without a name"));
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
