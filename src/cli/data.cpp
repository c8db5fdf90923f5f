#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <optional>

#include "cli.h"
#include "data_source.h"
#include "kws/core/files.h"
#include "kws/core/table.h"
#include "kws/core/text.h"
#include "kws/datasets/corpus.h"
#include "kws/datasets/fetch.h"
#include "kws/datasets/import.h"
#include "kws/datasets/synth.h"
#include "log.h"

namespace kws::cli {
namespace {

struct CheckVerb {
  std::string folder;
  std::vector<std::string> keywords;
  Reading reading;
  int clip_ms = kClipMs;
  Output format;
};

/// For people: recordings per word and split, totals, remarks, problems.
void print_report(const Json& report, const Output& format) {
  Table table({"word", "label", "training", "validation", "testing"});
  const auto count = [](const Json& number) { return grouped(number.get<long long>()); };
  for (const Json& row : report["words"]) {
    table.add({row["word"], row["label"], count(row["training"]), count(row["validation"]), count(row["testing"])});
  }
  const Json& splits = report["splits"];
  for (const char* figure : {"clips", "speakers"}) {
    table.add({"all", figure, count(splits["training"][figure]), count(splits["validation"][figure]),
               count(splits["testing"][figure])});
  }
  print_table(table, format);
  const auto speakers = report["speakers"].get<long long>();
  std::cout << '\n'
            << counted(report["clips"].get<long long>(), "clip") << " of "
            << (speakers == 0   ? "unknown speakers"
                : speakers == 1 ? "one speaker"
                                : counted(speakers, "speaker"))
            << ", " << fixed(report["seconds"].get<double>() / 60.0, 1) << " minutes; "
            << counted(report["noises"].get<long long>(), "background recording") << "\n";
  for (const char* kind : {"remarks", "problems"}) {
    const Json& found = report[kind];
    if (found.empty() && kind == std::string_view("remarks")) continue;
    std::cout << kind << ": " << found.size() << '\n';
    for (const Json& one : found) {
      const auto path = one["path"].get<std::string>();
      std::cout << "  " << printable((path == "." ? "" : path + ": ") + one["fact"].get<std::string>()) << '\n';
    }
  }
}

/// One row per word, problem, remark and note, told apart by the first column.
void print_csv(const Json& report, const Output& format) {
  Table table({"kind", "name", "label", "training", "validation", "testing", "fact"});
  for (const Json& row : report["words"]) {
    table.add({"word", row["word"], row["label"], row["training"].dump(), row["validation"].dump(),
               row["testing"].dump(), ""});
  }
  for (const Json& found : report["problems"]) {
    table.add({"problem", found["path"], "", "", "", "", found["fact"]});
  }
  for (const Json& found : report["remarks"]) table.add({"remark", found["path"], "", "", "", "", found["fact"]});
  for (const Json& note : report.value("notes", Json::array())) table.add({"note", "", "", "", "", "", note});
  for (const Json& left : report.value("left_out", Json::array())) {
    table.add(
        {"left out", left["first"], "", "", "", "", left["files"].dump() + ": " + left["reason"].get<std::string>()});
  }
  print_table(table, format);
}

/// In the format asked for; `print` is the one for people.
template <class Print>
void print_any(const Json& report, const Output& format, const Print& print) {
  switch (format) {
    case Format::table:
      print(report);
      break;
    case Format::json:
      std::cout << text_of(report, 2) << '\n';
      break;
    case Format::csv:
      print_csv(report, format);
      break;
  }
}

Exit check(const CheckVerb& verb, int threads) {
  const LabelSet labels = chosen_labels(verb.keywords, verb.folder);
  const CorpusReport report = check_corpus(verb.folder, labels, verb.reading.options(threads, verb.clip_ms));
  print_any(report_to_json(report, labels), verb.format, [&](const Json& json) { print_report(json, verb.format); });
  return report.corpus.problems.empty() ? Exit::done : Exit::data;
}

void add_check(CLI::App& data, Common& common) {
  auto verb = std::make_shared<CheckVerb>();
  CLI::App* sub = data.add_subcommand("check", "Open every recording; count words, splits and speakers; list problems");
  sub->add_option("FOLDER", verb->folder, "folder in Speech Commands layout: WORD/*.wav, .flac, .ogg, .opus, .mp3")
      ->required();
  verb->reading.add_to(*sub);
  sub->add_option("--clip-ms", verb->clip_ms, "what the design hears at once, its \"clip_ms\"")
      ->check(in_range(kShortestClipMs, kLongestClipMs))
      ->capture_default_str();
  sub->add_option("--keywords", verb->keywords,
                  "words to spot, separated by commas (default: those of the folder's keywords.txt, else "
                  "yes,no,up,down,left,right,on,off,stop,go)")
      ->delimiter(',')
      ->allow_extra_args(false);
  add_format(*sub, verb->format);
  sub->callback([verb, &common] { common.exit_code = static_cast<int>(check(*verb, common.thread_count())); });
}

struct SynthVerb {
  std::string out;
  bool replace = false;
  SynthOptions options;
  std::unique_ptr<Flags> flags;
};

void synth(SynthVerb& verb) {
  read_options(verb.flags->given(), verb.options, "command line", "");
  if (!verb.replace) require_absent(verb.out, "choose another --out or give --replace");
  Progress progress("clip");
  const int step = 100;  // the bar is drawn often enough
  const std::size_t words = synthesize(verb.options, verb.out, verb.replace, [&](int done, int total) {
    if (done % step == 0 || done == total) progress.show(done, total, verb.out);
  });
  progress.done();
  std::cout << verb.out << ": " << counted(verb.options.speakers, "speaker") << ", "
            << counted(static_cast<std::ptrdiff_t>(words), "word") << "\n";
}

void add_synth(CLI::App& data, Common& /*common*/) {
  auto verb = std::make_shared<SynthVerb>();
  CLI::App* sub = data.add_subcommand("synth", "Make a corpus of synthetic speech with espeak-ng");
  sub->add_option("--out", verb->out, "folder to write")->required();
  sub->add_flag("--replace", verb->replace, "replace the folder when it exists");
  sub->add_option("--words", verb->options.words, "words to speak, separated by commas; a blank or _ is a pause")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->default_str("the ten keywords and eight other words");
  sub->add_option("--keywords", verb->options.keywords,
                  "those to spot, noted in the corpus; spoken beside the other --words (default: yes,no,up,down,left,"
                  "right,on,off,stop,go where all of them are spoken, else all --words)")
      ->delimiter(',')
      ->allow_extra_args(false);
  verb->flags = std::make_unique<Flags>(*sub, "Speech");
  describe(*verb->flags, verb->options);
  sub->callback([verb] { synth(*verb); });
}

struct FetchVerb {
  std::string name, out;
  FetchSource source;
  bool replace = false;
};

/// Bytes as megabytes in a bar for each step, drawn now and then, with the rate since the last drawing.
class FetchBar {
 public:
  FetchBar() = default;
  FetchBar(const FetchBar&) = delete;
  FetchBar& operator=(const FetchBar&) = delete;
  ~FetchBar() { done(); }  // an error begins its own line
  void show(FetchStep step, std::int64_t bytes, std::int64_t all) {
    if (!bar_ || step != step_) {
      done();
      step_ = step;
      bar_.emplace("MB");
      last_ = Clock::now();
      last_bytes_ = bytes;
      drawn_ = false;
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - last_).count();
    const bool complete = drawn_ && bytes == all && bytes > last_bytes_;
    if (seconds < bar_->interval() && !complete) return;
    const double rate = static_cast<double>(bytes - last_bytes_) / 1e6 / std::max(seconds, 1e-3);
    bar_->show(megabytes(bytes), megabytes(std::max(bytes, all)),
               (step == FetchStep::download ? "downloaded, " : "unpacked, ") + fixed(rate, 1) + " MB/s");
    last_ = Clock::now();
    last_bytes_ = bytes;
    drawn_ = true;
  }
  void done() {
    if (bar_) bar_->done();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static int megabytes(std::int64_t bytes) { return static_cast<int>(bytes / 1'000'000); }
  std::optional<Progress> bar_;
  FetchStep step_ = FetchStep::download;
  Clock::time_point last_;
  std::int64_t last_bytes_ = 0;
  bool drawn_ = false;
};

void fetch(FetchVerb& verb) {
  FetchSource& source = verb.source;
  if (source.url.empty() || !verb.name.empty()) {
    const KnownDataset& known = verb.name.empty() ? kKnownDatasets.front() : known_dataset(verb.name);
    if (source.url.empty()) source.url = known.url;
    if (source.sha256.empty()) {
      source.sha256 = known.sha256;
      source.bytes = known.bytes;
    }
  }
  FetchBar bar;
  const Corpus corpus =
      fetch_corpus(source, verb.out, verb.replace,
                   [&](FetchStep step, std::int64_t bytes, std::int64_t all) { bar.show(step, bytes, all); });
  bar.done();
  std::cout << verb.out << ": " << counted(std::ssize(corpus.words), "word") << ", "
            << counted(std::ssize(corpus.clips), "clip") << "; "
            << counted(std::ssize(corpus.noises), "background recording") << "\n";
}

void add_fetch(CLI::App& data, Common& /*common*/) {
  auto verb = std::make_shared<FetchVerb>();
  CLI::App* sub = data.add_subcommand(
      "fetch", "Download Google's Speech Commands (Pete Warden, CC BY 4.0), or an archive of that layout");
  std::string names;
  for (const KnownDataset& known : kKnownDatasets) {
    names += (names.empty() ? "" : ", ") + std::string(known.name) + " (" +
             fixed(static_cast<double>(known.bytes) / 1e9, 1) + " GB)";
  }
  sub->add_option("VERSION", verb->name, names)->default_str(std::string(kKnownDatasets.front().name));
  sub->add_option("--out", verb->out, "folder to make; the download grows in OUT.part")->required();
  sub->add_option("--url", verb->source.url,
                  "another archive, http or https: zip or tar with WORD/*.wav, .flac, .ogg ... at its top; with a "
                  "VERSION, its mirror");
  sub->add_option("--sha256", verb->source.sha256, "what the archive must have; known for the versions above");
  sub->add_flag("--replace", verb->replace, "replace the folder when it exists");
  sub->callback([verb] { fetch(*verb); });
}

struct ImportVerb {
  std::string source, out;
  bool replace = false;
  ImportOptions options;
  Output format;
};

/// For people: what was chosen, the corpus, and all that is not in it.
void print_import(const ImportVerb& verb, const Json& report) {
  for (const Json& note : report["notes"]) std::cout << printable(note.get<std::string>()) << '\n';
  print_report(report, verb.format);
  long long all = 0;
  for (const Json& left : report["left_out"]) all += left["files"].get<long long>();
  std::cout << "left out: " << grouped(all) << '\n';
  for (const Json& left : report["left_out"]) {
    const auto files = left["files"].get<long long>();
    const std::string name = (files == 1 ? " (" : " (first ") + left["first"].get<std::string>() + ")";
    std::cout << "  " << grouped(files) << ' ' << printable(left["reason"].get<std::string>() + name) << '\n';
  }
  std::cout << verb.out << ": " << grouped(report["clips"].get<long long>()) << " clips\n";
}

Exit import_recordings(const ImportVerb& verb, const Common& common) {
  Progress progress("file");
  const std::size_t step = 100;  // the bar is drawn often enough
  const ImportReport report = import_corpus(verb.source, verb.out, verb.replace, verb.options, common.thread_count(),
                                            [&](std::size_t done, std::size_t files) {
                                              if (done % step != 0 && done != files) return;
                                              progress.show(static_cast<int>(done), static_cast<int>(files), verb.out);
                                            });
  progress.done();
  print_any(import_to_json(report), verb.format, [&](const Json& json) { print_import(verb, json); });
  return report.check.corpus.problems.empty() ? Exit::done : Exit::data;
}

void add_import(CLI::App& data, Common& common) {
  auto verb = std::make_shared<ImportVerb>();
  CLI::App* sub = data.add_subcommand(
      "import", "Make a folder for training from recordings of any format, in folders of any depth, or an archive");
  sub->add_option("SOURCE", verb->source,
                  "folder, or .zip, .tar, .tar.gz ..., of recordings; a folder of each names its word")
      ->required();
  sub->add_option("--out", verb->out, "folder to make: WORD/SPEAKER_nohash_N.wav, 16 kHz mono, and keywords.txt")
      ->required();
  sub->add_flag("--replace", verb->replace, "replace the folder when it exists");
  sub->add_option("--speaker", verb->options.speaker,
                  "regular expression that finds the speaker in a path, '(?<speaker>[^/_]+)_[^/]*$' in yes/anna_1.ogg "
                  "(default: guessed and shown)");
  sub->add_option("--clip-ms", verb->options.clip_ms,
                  "what is kept of a longer recording, its loudest stretch; \"clip_ms\" of the design")
      ->check(in_range(kShortestClipMs, kLongestClipMs))
      ->capture_default_str();
  const std::map<std::string, WordFolder> names = {{"last", WordFolder::last}, {"first", WordFolder::first}};
  sub->add_option("--word", verb->options.word, "last or first; which folder of a path names the word")
      ->transform(one_of(names))
      ->default_str("guessed and shown");
  sub->add_option("--keywords", verb->options.keywords,
                  "words to spot, separated by commas, noted in the folder (default: yes,no,up,down,left,right,on,off,"
                  "stop,go where all of them are there, else all words)")
      ->delimiter(',')
      ->allow_extra_args(false);
  add_format(*sub, verb->format);
  sub->callback([verb, &common] { common.exit_code = static_cast<int>(import_recordings(*verb, common)); });
}

}  // namespace

void add_data(CLI::App& app, Common& common) {
  CLI::App* data =
      app.add_subcommand("data", "Fetch or import recordings, check a folder of them, or make one of synthetic speech");
  data->require_subcommand(1);
  add_fetch(*data, common);
  add_import(*data, common);
  add_check(*data, common);
  add_synth(*data, common);
}

}  // namespace kws::cli
