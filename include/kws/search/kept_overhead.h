#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "kws/core/options.h"
#include "kws/search/pace.h"

namespace kws {

/// Keeps what trainings take beside their steps, so that the next search of the same kind begins at once.
///   folder         of the cache; "": nothing is kept
///   circumstances  an object of all it depends on: data, CPU, instruction set, trainings at once
class KeptOverhead {
 public:
  KeptOverhead(const std::filesystem::path& folder, Json circumstances);

  /// As an earlier search has measured it. Nothing: none has, the file is damaged, or steps of the first designs take a
  /// fifth more or less than they did then, so that the machine has more or less to do beside.
  [[nodiscard]] std::optional<Overhead> read(const std::vector<FirstDesign>& first) const;
  /// What cannot be written is measured again.
  void write(const std::vector<FirstDesign>& first, const Overhead& overhead) const;

 private:
  std::filesystem::path file_;
  Json circumstances_;
};

}  // namespace kws
