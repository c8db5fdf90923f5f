#include <gmock/gmock.h>

#include "archive_fixture.h"
#include "kws/datasets/fetch.h"

namespace kws::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Unpack : public ArchiveFolder {
 protected:
  void unpack_bytes(const std::string& bytes) {
    text("a.tar.gz", bytes);
    std::filesystem::remove_all(root_ / "out");
    std::filesystem::create_directory(root_ / "out");
    unpack(root_ / "a.tar.gz", "http://host/a.tar.gz", root_ / "out");
  }
  std::string refusal(const std::string& bytes) {
    return error_line([&] { unpack_bytes(bytes); });
  }
};

TEST_F(Unpack, WritesFilesAndFoldersByteForByte) {
  unpack_bytes(small_corpus());
  EXPECT_EQ(read_file(root_ / "out/yes/s10_nohash_0.wav"), wav(2));
  EXPECT_EQ(read_file(root_ / "out/LICENSE"), "CC BY 4.0");
  const Corpus corpus = scan_corpus(root_ / "out");
  EXPECT_THAT(corpus.words, ElementsAre("no", "yes"));
  EXPECT_EQ(corpus.clips.size(), 4U);
}

TEST_F(Unpack, ReadsZipAsItReadsTar) {
  unpack_bytes(zip(small_entries()));
  EXPECT_EQ(read_file(root_ / "out/yes/s10_nohash_0.wav"), wav(2));
  EXPECT_EQ(scan_corpus(root_ / "out").clips.size(), 4U);
  const std::string absolute = (root_ / "absolute").string();
  for (const std::string& path : {std::string("../beside"), std::string("yes/../../beside"), absolute}) {
    EXPECT_THAT(refusal(zip({{.path = path, .content = "x"}})), HasSubstr("leads out of the folder; ")) << path;
  }
  EXPECT_THAT(refusal(zip({{.path = "yes", .type = AE_IFLNK, .link = ".."}})), HasSubstr("entry \"yes\" is a link; "));
  // As Windows writes it.
  EXPECT_THAT(refusal(zip({{.path = "..\\beside", .content = "x"}})), HasSubstr("\"../beside\" leads out"));
  EXPECT_THAT(names(), ElementsAre("a.tar.gz", "out"));
}

TEST_F(Unpack, RefusesATarThatIsCutBetweenTwoFiles) {
  const std::string whole = tar({{.path = "a", .content = "x"}, {.path = "b", .content = "y"}});
  unpack_bytes(whole);
  EXPECT_EQ(read_file(root_ / "out/b"), "y");
  EXPECT_THAT(refusal(whole.substr(0, 1024)), HasSubstr("ends without the end mark of a tar"));
}

TEST_F(Unpack, RefusesAZipThatIsCutDamagedOrOfNoEnd) {
  const std::string whole = zip({{.path = "a", .content = std::string(5000, 'x')}, {.path = "b", .content = wav(1)}});
  for (std::size_t length = 4; length < whole.size(); length += whole.size() / 7) {
    EXPECT_THAT(refusal(whole.substr(0, length)), HasSubstr(": cannot be unpacked (")) << length;
  }
  std::string damaged = whole;
  damaged[whole.size() / 2] = static_cast<char>(damaged[whole.size() / 2] ^ 0x55);  // among the bytes of "b"
  EXPECT_THAT(refusal(damaged), HasSubstr(": cannot be unpacked ("));
  text("a.zip", zip({{.path = "a", .content = std::string(500000, 'x')}, {.path = "b", .content = "x"}}));
  const auto refused = [&](const UnpackLimits& limits) {
    return error_line([&] { unpack(root_ / "a.zip", "URL", root_ / "out", {}, limits); });
  };
  EXPECT_THAT(refused({.entry_bytes = 2000}), HasSubstr("URL: entry \"a\" unpacks to more than 2,000 bytes, "));
  EXPECT_THAT(refused({.all_bytes = 1}), HasSubstr("URL: unpacks to more than "));
  EXPECT_THAT(refused({.entries = 1}), HasSubstr("URL: holds more than 1 entries, "));
}

TEST_F(Unpack, StripsNothingButTheDot) {
  unpack_bytes(tar_gz({{.path = "./top/yes/a.wav", .content = "x"}, {.path = "no/b.wav", .content = "y"}}));
  EXPECT_EQ(read_file(root_ / "out/top/yes/a.wav"), "x");
  EXPECT_EQ(read_file(root_ / "out/no/b.wav"), "y");
}

TEST_F(Unpack, TellsHowFarItIs) {
  text("a.tar.gz", small_corpus());
  const auto all = static_cast<std::int64_t>(std::filesystem::file_size(root_ / "a.tar.gz"));
  std::filesystem::create_directory(root_ / "out");
  std::int64_t last = 0;
  unpack(root_ / "a.tar.gz", "a", root_ / "out", [&](FetchStep step, std::int64_t bytes, std::int64_t of) {
    EXPECT_EQ(step, FetchStep::unpack);
    EXPECT_EQ(of, all);
    EXPECT_GE(bytes, last);
    EXPECT_LE(bytes, all);
    last = bytes;
  });
  EXPECT_GT(last, 0);
}

TEST_F(Unpack, RefusesEntriesThatLeaveTheFolder) {
  const std::string absolute = (root_ / "absolute").string();
  for (const std::string& path : {std::string("../beside"), std::string("yes/../../beside"), absolute}) {
    EXPECT_THAT(refusal(tar_gz({{.path = path, .content = "x"}})),
                HasSubstr("http://host/a.tar.gz: entry \"" + path + "\" leads out of the folder; "));
    EXPECT_THAT(names(), ElementsAre("a.tar.gz", "out"));
    EXPECT_TRUE(std::filesystem::is_empty(root_ / "out"));
  }
}

TEST_F(Unpack, RefusesLinksAndSpecialFiles) {
  EXPECT_THAT(refusal(tar_gz({{.path = "yes", .type = AE_IFLNK, .link = ".."}, {.path = "yes/a.wav", .content = "x"}})),
              HasSubstr("entry \"yes\" is a link; "));
  EXPECT_THAT(refusal(tar_gz({{.path = "a", .content = "x"}, {.path = "b", .hardlink = "a"}})),
              HasSubstr("entry \"b\" is a link; "));
  EXPECT_THAT(refusal(tar_gz({{.path = "pipe", .type = AE_IFIFO}})),
              HasSubstr("\"pipe\" is neither file nor folder; "));
  EXPECT_THAT(names(), ElementsAre("a.tar.gz", "out"));
}

TEST_F(Unpack, RefusesWhatUnpacksToMoreThanRecordingsDo) {
  const std::string packed =
      tar_gz({{.path = "a", .content = std::string(1000, 'x')}, {.path = "b", .content = std::string(500000, 'x')}});
  text("a.tar.gz", packed);
  const auto refused = [&](const UnpackLimits& limits) {
    std::filesystem::create_directories(root_ / "out");
    return error_line([&] { unpack(root_ / "a.tar.gz", "URL", root_ / "out", {}, limits); });
  };
  EXPECT_THAT(refused({.entry_bytes = 2000}), HasSubstr("URL: entry \"b\" unpacks to more than 2,000 bytes, "));
  EXPECT_THAT(refused({.all_bytes = 1}), HasSubstr("URL: unpacks to more than "));  // a hundred times the archive
  EXPECT_THAT(refused({.entries = 1}), HasSubstr("URL: holds more than 1 entries, "));
  EXPECT_NO_THROW(unpack(root_ / "a.tar.gz", "URL", root_ / "out"));
}

TEST_F(Unpack, RefusesFilesWithHoles) {
  archive* writer = archive_write_new();
  archive_write_set_format_pax(writer);
  ASSERT_EQ(archive_write_open_filename(writer, (root_ / "a.tar").c_str()), ARCHIVE_OK);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, "yes/huge.wav");
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_size(entry, la_int64_t{1} << 40);
  archive_entry_sparse_add_entry(entry, 0, 512);
  EXPECT_EQ(archive_write_header(writer, entry), ARCHIVE_OK);
  archive_write_data(writer, std::string(512, 'x').data(), 512);
  archive_entry_free(entry);
  archive_write_free(writer);  // fails for want of the rest, which nobody reads
  std::filesystem::create_directories(root_ / "out");
  EXPECT_THAT(error_line([&] { unpack(root_ / "a.tar", "URL", root_ / "out"); }),
              HasSubstr("entry \"yes/huge.wav\" is a file with holes; "));
}

TEST_F(Unpack, ANameCannotBreakTheErrorsLine) {
  EXPECT_THAT(refusal(tar_gz({{.path = "../a\nb", .content = "x"}})), HasSubstr("entry \"../a?b\" leads out"));
}

TEST_F(Unpack, RefusesWhatIsNoArchive) {
  for (const std::string& bytes : {std::string(), std::string("<html>Sign in</html>"), std::string(100000, 'x')}) {
    EXPECT_THAT(refusal(bytes), HasSubstr("http://host/a.tar.gz: cannot be unpacked ("));
  }
}

TEST_F(Unpack, NoticesATruncatedArchiveWhereverItEnds) {
  const std::string whole = small_corpus();
  for (std::size_t length = 1000; length + 100 < whole.size(); length += whole.size() / 7) {
    EXPECT_THAT(refusal(whole.substr(0, length)), HasSubstr(": cannot be unpacked (")) << length;
  }
}

TEST_F(Unpack, AFileInTheWayOfAFolderIsNamed) {
  const std::string bytes = tar_gz({{.path = "yes", .content = "x"}, {.path = "yes/a.wav", .content = "y"}});
  EXPECT_THAT(refusal(bytes),
              AllOf(HasSubstr("entry \"yes/a.wav\": cannot write: "), HasSubstr("; give an archive of")));
}

TEST_F(Unpack, NamesThatNoFolderTakesAreTheArchivesFault) {
  EXPECT_THAT(refusal(tar_gz({{.path = ".", .content = "x"}})), HasSubstr("has no name; give an archive of"));
  EXPECT_THAT(refusal(zip({{.path = std::string(300, 'a'), .content = "x"}})),
              AllOf(HasSubstr("aaa...\": cannot write: File name too long; give an archive of"),
                    Not(HasSubstr(std::string(250, 'a')))));
  EXPECT_THAT(refusal(tar_gz({{.path = "yes/", .type = AE_IFDIR}, {.path = "yes", .content = "x"}})),
              HasSubstr("cannot write: Is a directory; give an archive of"));
}

}  // namespace
}  // namespace kws::test
