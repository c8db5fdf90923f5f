#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "audio_file.h"
#include "findings.h"
#include "kws/datasets/corpus.h"
#include "kws/datasets/corpus_audio.h"

namespace kws {
namespace {

constexpr std::array kSplits = {Split::training, Split::validation, Split::testing};

}  // namespace

CorpusReport check_corpus(const std::filesystem::path& root, const LabelSet& labels, const ReadOptions& read) {
  CorpusReport report{.corpus = scan_corpus(root), .seconds = {}};
  const CorpusAudio audio(report.corpus, read);
  for (std::size_t i = 0; i < report.corpus.clips.size(); ++i) {
    report.seconds.push_back(static_cast<double>(audio.facts(i).samples) / kAudioRateHz);
  }
  add_findings(audio, labels, report.corpus);
  return report;
}

// {"schema", "root", "clips", "seconds", "speakers", "noises",
//  "splits": {SPLIT: {"clips", "seconds", "speakers", "labels": {LABEL: clips}}},
//  "words": [{"word", "label", "training", "validation", "testing"}], "remarks": [line], "problems": [{"path",
//  "fact"}]}
// Label counts are recordings; how many of `_unknown_` an epoch takes is DatasetOptions' business.
nlohmann::ordered_json report_to_json(const CorpusReport& report, const LabelSet& labels) {
  using Json = nlohmann::ordered_json;
  const auto label_of = [&](const std::string& word) {
    const bool other = std::ranges::find(labels.keywords, word) == labels.keywords.end();
    return other && word != kSilenceFolder ? std::string(kUnknownFolder) : word;
  };
  struct Sum {
    int clips = 0;
    double seconds = 0.0;
    std::set<std::string> speakers;
    std::map<std::string, int> labels;
    void add(const Clip& clip, double length, const std::string& label) {
      ++clips;
      seconds += length;
      if (clip.names_speaker) speakers.insert(clip.speaker);
      ++labels[label];
    }
    [[nodiscard]] Json json() const { return {{"clips", clips}, {"seconds", seconds}, {"speakers", speakers.size()}}; }
  };
  Sum total;
  std::map<Split, Sum> by_split;
  std::map<std::string, std::map<Split, int>> by_word;
  for (std::size_t i = 0; i < report.corpus.clips.size(); ++i) {
    const Clip& clip = report.corpus.clips[i];
    total.add(clip, report.seconds[i], label_of(clip.word));
    by_split[clip.split].add(clip, report.seconds[i], label_of(clip.word));
    ++by_word[clip.word][clip.split];
  }

  Json json = {{"schema", "kwsmith.data/1"}, {"root", report.corpus.root.string()}};
  json.update(total.json());
  json["noises"] = report.corpus.noises.size();
  std::vector<std::string> names = {std::string(kUnknownFolder)};
  names.insert(names.end(), labels.keywords.begin(), labels.keywords.end());
  for (const Split split : kSplits) {
    Json part = by_split[split].json();
    for (const std::string& name : names) part["labels"][name] = by_split[split].labels[name];
    json["splits"][std::string(split_name(split))] = std::move(part);
  }
  json["words"] = Json::array();
  for (const std::string& word : report.corpus.words) {
    Json row = {{"word", word}, {"label", label_of(word)}};
    for (const Split split : kSplits) row[std::string(split_name(split))] = by_word[word][split];
    json["words"].push_back(std::move(row));
  }
  for (const auto& [name, list] :
       {std::pair{"remarks", &report.corpus.remarks}, {"problems", &report.corpus.problems}}) {
    json[name] = Json::array();
    for (const Problem& found : *list) json[name].push_back({{"path", found.path}, {"fact", found.fact}});
  }
  return json;
}

}  // namespace kws
