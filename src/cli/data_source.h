#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "cli.h"
#include "kws/datasets/corpus.h"
#include "kws/datasets/corpus_audio.h"
#include "log.h"

namespace kws::cli {

/// How a verb reads the recordings of a folder.
struct Reading {
  Stretch stretch = Stretch::loudest;
  bool no_cache = false;

  void add_to(CLI::App& verb) {
    const std::map<std::string, Stretch> names = {{"loudest", Stretch::loudest}, {"first", Stretch::first}};
    verb.add_option("--stretch", stretch,
                    "loudest or first; which stretch stands for a clip that is longer than the design hears")
        ->transform(one_of(names))
        ->default_str("loudest");
    verb.add_flag("--no-cache", no_cache, "decode every recording instead of keeping the samples in ~/.cache/kwsmith");
  }
  [[nodiscard]] ReadOptions options(int threads, int clip_ms) const {
    return {.threads = threads,
            .cache_folder = no_cache ? std::filesystem::path() : default_cache_folder(),
            .stretch = stretch,
            .clip_ms = clip_ms};
  }
};

/// The --data and --keywords options that several verbs share.
struct DataSource {
  std::string folder;
  std::vector<std::string> keywords;  ///< empty: those of the folder, else the default ten
  Reading reading;
  bool whole = false;  ///< scan_whole_corpus()

  void add_to(CLI::App& verb, bool with_keywords = true) {
    verb.add_option("--data", folder, "folder in Speech Commands layout: WORD/*.wav, .flac, .ogg, .opus, .mp3")
        ->required();
    reading.add_to(verb);
    if (!with_keywords) return;
    verb.add_option("--keywords", keywords,
                    "words to spot, separated by commas (default: those of the folder's keywords.txt, else "
                    "yes,no,up,down,left,right,on,off,stop,go)")
        ->delimiter(',')
        ->allow_extra_args(false);
  }
  [[nodiscard]] LabelSet labels() const { return chosen_labels(keywords, folder); }
  /// Tells what the user should know about the recordings.
  ///   clip_ms  of the design or model
  [[nodiscard]] Dataset load(int threads, int clip_ms) const {
    LiveBlock block(2);
    block.draw({"reading the recordings of " + folder});
    const Corpus corpus = whole ? scan_whole_corpus(folder) : scan_corpus(folder);
    Dataset dataset(corpus, labels(), {}, reading.options(threads, clip_ms));
    block.erase();
    for (const std::string& remark : dataset.remarks()) log().warn("{}: {}", folder, remark);
    return dataset;
  }
  /// The same for who trains on them; what is wrong with the recordings is told before LibTorch starts.
  [[nodiscard]] Dataset load_to_train(int threads, int clip_ms) const {
    Dataset dataset = load(threads, clip_ms);
    get_ready_to_train();
    return dataset;
  }
};

}  // namespace kws::cli
