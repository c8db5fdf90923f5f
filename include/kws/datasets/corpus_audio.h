#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kws/datasets/corpus.h"

namespace kws {

/// Where decoded samples are kept: $XDG_CACHE_HOME/kwsmith or ~/.cache/kwsmith; empty when neither variable is set.
std::filesystem::path default_cache_folder();

/// All recordings of a corpus, decoded: its clips, then its noises. Of a clip longer than ReadOptions::clip_ms so
/// much is kept, of a noise all. Samples come from the cache as long as the file they were read from is the same (size,
/// times and inode); what is new is decoded and the cache written anew. A damaged cache counts as none.
class CorpusAudio {
 public:
  /// throws Error (Exit::interrupted)
  CorpusAudio(const Corpus& corpus, const ReadOptions& options);

  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] int clip_ms() const { return clip_ms_; }
  [[nodiscard]] std::span<const std::int16_t> samples(std::size_t i) const {
    return {samples_.get() + items_[i].begin, items_[i].count};
  }
  [[nodiscard]] const AudioFacts& facts(std::size_t i) const { return items_[i].facts; }
  /// Why the file cannot be used; empty: it can.
  [[nodiscard]] const std::string& fault(std::size_t i) const { return items_[i].fault; }
  /// SHA-256 of samples(i), hexadecimal.
  [[nodiscard]] const std::string& digest(std::size_t i) const { return items_[i].digest; }

  [[nodiscard]] std::size_t decoded() const { return decoded_; }  ///< files that were not in the cache
  /// One line when the cache could not be written.
  [[nodiscard]] const std::string& warning() const { return warning_; }

 private:
  struct Item {
    std::size_t begin = 0, count = 0;  ///< in samples_
    AudioFacts facts;
    std::string fault, digest;
  };
  int clip_ms_;
  std::vector<Item> items_;
  std::unique_ptr<std::int16_t[]> samples_;  ///< of all items, one after the other
  std::size_t decoded_ = 0;
  std::string warning_;
};

/// throws Error (Exit::data) for the first recording that cannot be used, telling of `data check`.
void require_sound(const Corpus& corpus, const CorpusAudio& audio);

}  // namespace kws
