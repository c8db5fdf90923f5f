#include "kws/datasets/fetch.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>

#include "archive_fixture.h"
#include "http_server.h"
#include "kws/core/interrupt.h"

namespace kws::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class Fetch : public ArchiveFolder {
 protected:
  void SetUp() override {
    ArchiveFolder::SetUp();
    ::setenv("no_proxy", "127.0.0.1", 1);  // whatever proxy this machine needs
    archive_ = small_corpus();
    server_.host("/a.tar.gz", {.body = archive_});
  }

  Corpus fetch(bool replace = false) { return fetch_corpus(source(), root_ / "speech", replace); }
  std::string failure(Exit exit_code) {
    return error_line([&] { fetch(); }, exit_code);
  }
  [[nodiscard]] FetchSource source() const { return {.url = server_.url(path_), .sha256 = sha256_, .bytes = 0}; }
  /// A first call that the server cuts after so many bytes.
  void fetch_until(std::size_t bytes) {
    Hosted cut{.body = archive_};
    cut.cut = bytes;
    server_.host("/a.tar.gz", cut);
    EXPECT_THAT(failure(Exit::failed), HasSubstr("the connection broke after"));
    server_.host("/a.tar.gz", {.body = archive_});
    server_.take_requests();
  }
  /// fetch() in a process of its own, after `prepare` there: its exit code and its error.
  std::pair<int, std::string> fetch_apart(const std::function<void()>& prepare, const FetchProgress& progress) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      prepare();
      std::string line;
      Exit code = Exit::done;
      try {
        fetch_corpus(source(), root_ / "speech", false, progress);
      } catch (const Error& error) {
        line = error.what();
        code = error.exit_code();
      }
      const bool told = ::write(ends[1], line.data(), line.size()) == static_cast<ssize_t>(line.size());
      ::_exit(told ? static_cast<int>(code) : 99);
    }
    ::close(ends[1]);
    std::string line(4096, '\0');
    const ssize_t length = ::read(ends[0], line.data(), line.size());
    line.resize(static_cast<std::size_t>(std::max<ssize_t>(0, length)));
    ::close(ends[0]);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, line};
  }
  void expect_fetched() {
    EXPECT_EQ(fetch().clips.size(), 4U);
    expect_whole();
  }
  void expect_whole() {
    EXPECT_THAT(names(), ElementsAre("speech"));
    for (std::uint32_t i = 0; i < 4; ++i) {
      const char* clips[] = {"yes/s3_nohash_0.wav", "yes/s10_nohash_0.wav", "no/s3_nohash_0.wav",
                             "no/s10_nohash_0.wav"};
      EXPECT_EQ(sha256_of_file(root_ / "speech" / clips[i]), sha256_hex(wav(i + 1)));
    }
  }

  HttpServer server_;
  std::string archive_;
  std::string path_ = "/a.tar.gz";
  std::string sha256_;
};

TEST(FetchTable, NamesAreProposedAndSumsAreWhole) {
  for (const KnownDataset& known : kKnownDatasets) {
    EXPECT_EQ(known_dataset(known.name).url, known.url);
    EXPECT_EQ(known.sha256.size(), 64U);
    EXPECT_EQ(known.sha256.find_first_not_of("0123456789abcdef"), std::string_view::npos);
    EXPECT_GT(known.bytes, 1'000'000'000);
  }
  EXPECT_THAT(error_line([] { known_dataset("v0.2"); }, Exit::usage),
              HasSubstr("data set \"v0.2\": unknown; did you mean \"v0.02\"?"));
  EXPECT_THAT(error_line([] { known_dataset("librispeech"); }, Exit::usage), HasSubstr("choose one of v0.02, v0.01"));
}

TEST_F(Fetch, MakesACorpusAndLeavesNothingElse) {
  sha256_ = sha256_hex(archive_);
  std::vector<std::int64_t> bytes;
  const Corpus corpus =
      fetch_corpus(source(), root_ / "new" / "speech", false, [&](FetchStep step, auto done, auto all) {
        if (step != FetchStep::download) return;
        bytes.push_back(done);
        EXPECT_EQ(all, static_cast<std::int64_t>(archive_.size()));
      });
  EXPECT_EQ(corpus.root, root_ / "new" / "speech");
  EXPECT_EQ(corpus.clips.size(), 4U);
  EXPECT_THAT(corpus.words, ElementsAre("no", "yes"));
  ASSERT_FALSE(bytes.empty());
  EXPECT_TRUE(std::ranges::is_sorted(bytes));
  EXPECT_EQ(bytes.back(), static_cast<std::int64_t>(archive_.size()));
  EXPECT_THAT(server_.take_requests(), ElementsAre(Not(HasSubstr("Range: "))));
  EXPECT_EQ(scan_corpus(root_ / "new/speech").clips.size(), 4U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root_ / "new"), {}), 1);
}

TEST_F(Fetch, ContinuesWhereTheConnectionBroke) {
  fetch_until(50000);
  EXPECT_EQ(read_file(root_ / "speech.part"), archive_.substr(0, 50000));
  expect_fetched();
  EXPECT_THAT(server_.take_requests(),
              ElementsAre(AllOf(HasSubstr("Range: bytes=50000-\r\n"), HasSubstr("If-Range: \"first\"\r\n"))));
}

TEST_F(Fetch, ContinuesAgainAfterEachBreak) {
  fetch_until(10000);
  fetch_until(20000);  // of the rest
  EXPECT_EQ(read_file(root_ / "speech.part"), archive_.substr(0, 30000));
  expect_fetched();
  EXPECT_THAT(server_.take_requests(), ElementsAre(HasSubstr("Range: bytes=30000-\r\n")));
}

TEST_F(Fetch, TellsHowMuchOfABrokenDownloadIsThere) {
  Hosted cut{.body = archive_};
  cut.cut = 1000;
  server_.host("/a.tar.gz", cut);
  EXPECT_THAT(failure(Exit::failed), AllOf(HasSubstr(source().url + ": the connection broke after 1,000 of "),
                                           HasSubstr("; run the same command again to continue")));
  EXPECT_THAT(names(), ElementsAre("speech.part", "speech.part.source"));
}

TEST_F(Fetch, StartsOverWhereTheServerHasNoRanges) {
  fetch_until(50000);
  Hosted plain{.body = archive_};
  plain.ranges = false;
  server_.host("/a.tar.gz", plain);
  expect_fetched();
  EXPECT_THAT(server_.take_requests(), ElementsAre(HasSubstr("Range: bytes=50000-\r\n")));
}

TEST_F(Fetch, StartsOverWhenTheServerHasAnotherFileByNow) {
  const std::string old = archive_;
  archive_ = tar_gz({{.path = "yes/s3_nohash_0.wav", .content = wav(9)}, {.path = "no/a.wav", .content = wav(8)}});
  fetch_until(40000);
  server_.host("/a.tar.gz", {.body = old, .etag = "\"second\""});
  expect_fetched();
}

TEST_F(Fetch, BytesOfAnotherUrlAreNotContinued) {
  fetch_until(50000);
  server_.host("/b.tar.gz", {.body = archive_});
  path_ = "/b.tar.gz";
  expect_fetched();
  EXPECT_THAT(server_.take_requests(), ElementsAre(Not(HasSubstr("Range: "))));
}

TEST_F(Fetch, APartPutThereByHandIsContinued) {
  text("speech.part", archive_.substr(0, 70000));
  expect_fetched();
  EXPECT_THAT(server_.take_requests(), ElementsAre(HasSubstr("Range: bytes=70000-\r\n")));
}

TEST_F(Fetch, APartThatIsWholeOrTooLong) {
  text("speech.part", archive_);
  expect_fetched();
  EXPECT_THAT(server_.take_requests(), SizeIs(1));
  std::filesystem::remove_all(root_ / "speech");
  text("speech.part", archive_ + "more");
  expect_fetched();
  EXPECT_THAT(server_.take_requests(), SizeIs(2));  // refused, then the whole file
}

TEST_F(Fetch, FollowsRedirects) {
  server_.host("/moved", {.status = 302, .redirect = server_.url("/a.tar.gz")});
  path_ = "/moved";
  expect_fetched();
  EXPECT_THAT(server_.take_requests(), SizeIs(2));
  server_.host("/moved", {.status = 302, .redirect = "file:///etc/passwd"});
  std::filesystem::remove_all(root_ / "speech");
  EXPECT_THAT(failure(Exit::usage), HasSubstr("; give a URL of http or https"));
  server_.host("/moved", {.status = 302, .redirect = server_.url("/moved")});
  EXPECT_THAT(failure(Exit::failed), HasSubstr("redirects go in a circle; "));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Fetch, OddHeadersDoNoHarm) {
  for (const char* odd : {"Content-Range: bytes 5\r\n", "Content-Range: bytes x/y\r\n", "ETag:\r\n"}) {
    server_.host("/a.tar.gz", {.body = archive_, .extra = odd});
    expect_fetched();
    std::filesystem::remove_all(root_ / "speech");
  }
  server_.host("/a.tar.gz", {.body = archive_, .extra = "Colonless\r\n"});
  EXPECT_THAT(failure(Exit::failed), HasSubstr("the answer is broken: "));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Fetch, AWrongChecksumRemovesTheDownload) {
  sha256_ = std::string(64, 'A');
  EXPECT_THAT(failure(Exit::data), AllOf(HasSubstr(source().url + ": SHA-256 is " + sha256_hex(archive_)),
                                         HasSubstr("instead of " + std::string(64, 'a') + "; ")));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Fetch, RefusesWhatCannotBeAChecksumOrAUrl) {
  sha256_ = "12ab";
  EXPECT_THAT(failure(Exit::usage), HasSubstr("sha256 \"12ab\": is no SHA-256; "));
  for (const std::string url : {"ftp://127.0.0.1/a.tar.gz", "file:///etc/passwd", "http://"}) {
    EXPECT_THAT(error_line([&] { fetch_corpus({.url = url, .sha256 = ""}, root_ / "speech", false); }, Exit::usage),
                AllOf(HasSubstr(url + ": "), HasSubstr("; give a URL of http or https")));
  }
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Fetch, OtherAnswersAreNotTheFile) {
  path_ = "/none";
  EXPECT_THAT(failure(Exit::failed), HasSubstr("/none: the server answers 404 instead of the file; check the URL"));
  path_ = "/a.tar.gz";
  for (const int status : {204, 300, 403, 503}) {
    server_.host("/a.tar.gz", {.status = status});
    EXPECT_THAT(failure(Exit::failed), HasSubstr("the server answers " + std::to_string(status)));
  }
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Fetch, KeepsWhatHasComeWhenTheServerFails) {
  fetch_until(50000);
  server_.host("/a.tar.gz", {.status = 503});
  EXPECT_THAT(failure(Exit::failed), HasSubstr("the server answers 503; try again later"));
  server_.host("/a.tar.gz", {.body = archive_});
  expect_fetched();
}

TEST_F(Fetch, NoConnection) {
  EXPECT_THAT(error_line([&] { fetch_corpus({.url = "http://127.0.0.1:1/a", .sha256 = ""}, root_ / "speech", false); },
                         Exit::failed),
              HasSubstr("http://127.0.0.1:1/a: no connection: "));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Fetch, ArchivesThatAreNoCorpusAreRemoved) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"<html>Sign in</html>", "cannot be unpacked (Unrecognized archive format); give"},
      {archive_.substr(0, 60000), "cannot be unpacked (truncated gzip input); give"},
      {tar_gz({{.path = "../x", .content = "x"}}), "entry \"../x\" leads out of the folder"},
      {tar_gz({{.path = "notes.txt", .content = "x"}}), "/a.tar.gz: no word folder with recordings; give an archive"},
      {tar_gz({{.path = "no/a.wav", .content = wav(1)},
               {.path = "testing_list.txt", .content = "no/a.wav\n"},
               {.path = "validation_list.txt", .content = "no/a.wav\n"}}),
       "/a.tar.gz: testing_list.txt: line 1: \"no/a.wav\" stands in validation_list.txt too; give an archive"}};
  for (const auto& [body, fact] : bad) {
    server_.host("/a.tar.gz", {.body = body});
    EXPECT_THAT(failure(Exit::data), HasSubstr(fact));
    EXPECT_THAT(names(), IsEmpty()) << fact;
  }
}

TEST_F(Fetch, AnExistingFolderIsRefusedBeforeAnythingIsAskedFor) {
  text("speech/mine.txt", "mine");
  for (const char* folder : {"speech", "speech/"}) {
    EXPECT_THAT(error_line([&] { fetch_corpus(source(), root_ / folder, false); }, Exit::usage),
                HasSubstr((root_ / "speech: exists already; ").string()));
  }
  EXPECT_THAT(server_.take_requests(), IsEmpty());
}

TEST_F(Fetch, ReplaceKeepsTheOldFolderUntilTheNewOneIsThere) {
  text("speech/mine.txt", "mine");
  EXPECT_THAT(error_line([&] { fetch(true); }, Exit::usage), HasSubstr("is not a folder that kwsmith has written"));
  std::filesystem::remove_all(root_ / "speech");
  write_folder(root_ / "speech", FolderKind::recordings, false,
               [](const std::filesystem::path& staging) { write_file(staging / "mine.txt", "mine"); });
  path_ = "/none";
  EXPECT_THAT(error_line([&] { fetch(true); }, Exit::failed), HasSubstr("404"));
  EXPECT_EQ(read_file(root_ / "speech/mine.txt"), "mine");
  path_ = "/a.tar.gz";
  fetch(true);
  EXPECT_FALSE(std::filesystem::exists(root_ / "speech/mine.txt"));
  expect_whole();
}

TEST_F(Fetch, AUrlIsNamedWithoutItsPassword) {
  FetchSource secret = source();
  secret.url = server_.url("/none");
  secret.url.insert(secret.url.find("//") + 2, "kws:SECRET@");
  const std::string line = error_line([&] { fetch_corpus(secret, root_ / "speech", false); }, Exit::failed);
  EXPECT_THAT(line, AllOf(HasSubstr(server_.url("/none")), HasSubstr("404"), Not(HasSubstr("SECRET"))));
}

TEST_F(Fetch, OneProcessAtATimeFillsAPart) {
  std::string second;
  const auto inside = [&](FetchStep, auto, auto) {
    if (second.empty()) second = failure(Exit::failed);
  };
  fetch_corpus(source(), root_ / "speech", false, inside);
  EXPECT_THAT(second, HasSubstr("speech.part: another process downloads into it; "));
  expect_whole();
}

TEST_F(Fetch, AnInterruptKeepsThePart) {
  const auto interrupted_at = [&](FetchStep when) {
    return fetch_apart(catch_interrupts, [when](FetchStep step, auto, auto) {
      if (step == when && !interrupted()) std::raise(SIGINT);
    });
  };
  const auto [code, line] = interrupted_at(FetchStep::download);
  EXPECT_EQ(code, 75) << line;
  EXPECT_THAT(line, AllOf(HasSubstr(": interrupted after "), HasSubstr("; run the same command again to continue")));
  EXPECT_THAT(names(), ElementsAre("speech.part", "speech.part.source"));
  const auto [code_unpacking, line_unpacking] = interrupted_at(FetchStep::unpack);
  EXPECT_EQ(code_unpacking, 75) << line_unpacking;
  EXPECT_THAT(line_unpacking, HasSubstr(": interrupted while unpacking, the archive is kept; "));
  EXPECT_EQ(read_file(root_ / "speech.part"), archive_);
  server_.take_requests();
  expect_fetched();
  EXPECT_THAT(server_.take_requests(), IsEmpty());  // all of it was there
}

TEST_F(Fetch, AFullDiskKeepsThePart) {
  const auto leave_little_room = [] {
    const rlimit limit{.rlim_cur = 40000, .rlim_max = 40000};
    std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limit);
  };
  const auto [code, line] = fetch_apart(leave_little_room, {});
  EXPECT_EQ(code, 1);
  EXPECT_THAT(line, AllOf(HasSubstr("speech.part: cannot write: "), HasSubstr("; make room or choose")));
  EXPECT_EQ(std::filesystem::file_size(root_ / "speech.part"), 40000U);
  expect_fetched();
}

}  // namespace
}  // namespace kws::test
