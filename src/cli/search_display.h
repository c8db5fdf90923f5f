#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "kws/search/driver.h"
#include "kws/search/status.h"
#include "log.h"

namespace kws::cli {

/// "412 of 1,020 epochs, about 29 minutes left, 1.24 a second", what is known of it.
std::string describe_progress(const SearchProgress& progress, const std::string& pace = "");

/// What a search has come to, in a block on a terminal, else a line for each rung that a trial reaches.
class SearchDisplay : public ProgressSink {
 public:
  ///   before  the study, which may hold results already
  explicit SearchDisplay(StudyView before);

  void warn(const std::string& line) override;
  void progress(const SearchProgress& progress) override;
  void rung_ended(const Proposal& proposal, const Rung& rung) override;
  [[nodiscard]] const SearchProgress& last() const { return progress_; }

 private:
  void add(const Proposal& proposal, const Rung& rung);
  void find_leaders();
  void draw();

  LiveBlock block_;
  SearchProgress progress_;
  StudyView view_;                    ///< of what has been told
  std::vector<std::string> leaders_;  ///< a line for each budget that has one
  std::string last_;
  bool finals_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace kws::cli
