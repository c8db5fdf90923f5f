#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kws/search/curves.h"
#include "kws/search/pool.h"

namespace kws {

/// Recorded designs that keep a budget, with what pools of them share.
struct RecordedDesigns {
  explicit RecordedDesigns(std::vector<const Curve*> kept);

  std::vector<const Curve*> curves;
  std::vector<Candidate> candidates;      ///< as `curves`
  std::map<std::string, std::size_t> at;  ///< index by key
  std::map<std::string, std::vector<std::size_t>> by_type;
  std::vector<std::string> types;                 ///< sorted
  std::vector<std::vector<std::size_t>> nearest;  ///< the others of the same type, the nearest first
  std::vector<std::size_t> published;
  Vocabulary vocabulary;
  std::vector<Point> points;
};

/// Proposals out of a table instead of a space; one change of a design is one of those nearest to it.
///   designs  must outlive it
std::unique_ptr<Pool> table_pool(const RecordedDesigns& designs);

}  // namespace kws
