#include <iostream>
#include <memory>

#include "cli.h"
#include "kws/core/table.h"
#include "kws/datasets/corpus.h"
#include "kws/datasets/synth.h"
#include "log.h"

namespace kws::cli {
namespace {

struct CheckVerb {
  std::string folder;
  std::vector<std::string> keywords;
  Format format = Format::table;
};

/// For people: recordings per word and split, totals, then the problems.
void print_table(const Json& report) {
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
  std::cout << table.text() << '\n'
            << count(report["clips"]) << " clips of " << count(report["speakers"]) << " speakers, "
            << fixed(report["seconds"].get<double>() / 60.0, 1) << " minutes; " << count(report["noises"])
            << " background recordings\n"
            << "problems: " << report["problems"].size() << '\n';
  for (const Json& problem : report["problems"]) {
    std::cout << "  " << problem["path"].get<std::string>() << ": " << problem["fact"].get<std::string>() << '\n';
  }
}

/// One row per word and one per problem, told apart by the first column.
std::string csv(const Json& report) {
  Table table({"kind", "name", "label", "training", "validation", "testing", "fact"});
  for (const Json& row : report["words"]) {
    table.add({"word", row["word"], row["label"], row["training"].dump(), row["validation"].dump(),
               row["testing"].dump(), ""});
  }
  for (const Json& problem : report["problems"]) {
    table.add({"problem", problem["path"], "", "", "", "", problem["fact"]});
  }
  return table.csv();
}

Exit check(const CheckVerb& verb, int threads) {
  const LabelSet labels = verb.keywords.empty() ? default_labels() : LabelSet{verb.keywords};
  const CorpusReport report = check_corpus(verb.folder, labels, threads);
  const Json json = report_to_json(report, labels);
  switch (verb.format) {
    case Format::table:
      print_table(json);
      break;
    case Format::json:
      std::cout << json.dump(2) << '\n';
      break;
    case Format::csv:
      std::cout << csv(json);
      break;
  }
  return report.problems.empty() ? Exit::done : Exit::data;
}

void add_check(CLI::App& data, Common& common) {
  auto verb = std::make_shared<CheckVerb>();
  CLI::App* sub = data.add_subcommand("check", "Open every recording; count words, splits and speakers; list problems");
  sub->add_option("folder", verb->folder, "folder in Speech Commands layout: WORD/*.wav or *.flac")->required();
  sub->add_option("--keywords", verb->keywords,
                  "words to spot, separated by commas (default: yes,no,up,down,left,right,on,off,stop,go)")
      ->delimiter(',');
  add_format(*sub, verb->format);
  sub->callback([verb, &common] { common.exit_code = static_cast<int>(check(*verb, common.thread_count())); });
}

struct SynthVerb {
  std::string out;
  bool replace = false;
  SynthOptions options;
  std::unique_ptr<Flags> flags;
};

void synth(SynthVerb& verb, const Common& common) {
  read_options(verb.flags->given(), verb.options, "command line", "");
  Progress progress(common, "clip");
  const int step = 100;  // the bar is drawn often enough
  synthesize(verb.options, verb.out, verb.replace, [&](int done, int total) {
    if (done % step == 0 || done == total) progress.show(done, total, verb.out);
  });
  progress.done();
  std::cout << verb.out << ": " << grouped(verb.options.speakers) << " speakers, " << verb.options.words.size()
            << " words\n";
}

void add_synth(CLI::App& data, Common& common) {
  auto verb = std::make_shared<SynthVerb>();
  CLI::App* sub = data.add_subcommand("synth", "Make a corpus of synthetic speech with espeak-ng");
  sub->add_option("--out", verb->out, "folder to write")->required();
  sub->add_flag("--replace", verb->replace, "replace the folder when it exists");
  sub->add_option("--words", verb->options.words, "words to speak, separated by commas")
      ->delimiter(',')
      ->default_str("the ten keywords and eight other words");
  verb->flags = std::make_unique<Flags>(*sub, "Speech");
  describe(*verb->flags, verb->options);
  sub->callback([verb, &common] { synth(*verb, common); });
}

}  // namespace

void add_data(CLI::App& app, Common& common) {
  CLI::App* data = app.add_subcommand("data", "Check a folder of recordings, or make one of synthetic speech");
  data->require_subcommand(1);
  add_check(*data, common);
  add_synth(*data, common);
}

}  // namespace kws::cli
