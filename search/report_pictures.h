#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kws/search/view.h"

namespace kws {

/// What the sections of the page share, found once.
struct ReportFacts {
  const StudyView& view;
  std::vector<Budget> budgets;
  std::vector<TrialFacts> ranked;   ///< all that have a result, the best first
  std::set<int> front;              ///< front(): none beats them in accuracy, memory and operations
  std::map<std::string, int> best;  ///< of the budgets that have a result: best_trial()
};

/// The budgets that a trial is the best of, "small, medium"; "": of none.
std::string best_of_budgets(const ReportFacts& facts, int trial);
/// Index of a network type, which its marker follows.
std::size_t kind_of(const std::string& type);

/// The markers of the types that the study has trained.
std::string types_legend(const ReportFacts& facts);
/// int8 validation accuracy against memory and against operations; ranked must not be empty.
std::string memory_picture(const ReportFacts& facts);
std::string ops_picture(const ReportFacts& facts);
/// int8 validation accuracy at each rung against epochs; some trial must have reached one.
std::string curves_picture(const ReportFacts& facts);

}  // namespace kws
