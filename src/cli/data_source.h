#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "kws/datasets/corpus.h"

namespace kws::cli {

/// The --data and --keywords options that several verbs share.
struct DataSource {
  std::string folder;
  std::vector<std::string> keywords;  ///< empty: the default ten

  void add_to(CLI::App& verb, bool with_keywords = true) {
    verb.add_option("--data", folder, "folder in Speech Commands layout: WORD/*.wav or *.flac")->required();
    if (!with_keywords) return;
    verb.add_option("--keywords", keywords,
                    "words to spot, separated by commas (default: yes,no,up,down,left,right,on,off,stop,go)")
        ->delimiter(',');
  }
  [[nodiscard]] LabelSet labels() const { return keywords.empty() ? default_labels() : LabelSet{keywords}; }
  [[nodiscard]] Dataset load(int threads) const { return {scan_corpus(folder), labels(), {}, threads}; }
};

}  // namespace kws::cli
