#include "table_pool.h"

#include <algorithm>
#include <cmath>

namespace kws {
namespace {

constexpr std::size_t kNear = 3;  ///< unseen designs that count as one change away

/// How far apart two points are: logarithms of ratios, 1 for each name that differs or value that one has alone.
double distance(const Vocabulary& vocabulary, const Point& a, const Point& b) {
  const std::map<std::size_t, double> left(a.begin(), a.end()), right(b.begin(), b.end());
  double sum = 0.0;
  for (const auto& [parameter, value] : left) {
    const auto other = right.find(parameter);
    if (other == right.end()) {
      sum += 1.0;
    } else {
      sum += vocabulary.is_name(parameter) ? double(value != other->second) : std::abs(value - other->second);
    }
  }
  for (const auto& [parameter, value] : right) sum += left.contains(parameter) ? 0.0 : 1.0;
  return sum;
}

class TablePool : public Pool {
 public:
  explicit TablePool(const RecordedDesigns& designs) : designs_(designs) {}

  [[nodiscard]] const std::vector<std::string>& types() const override { return designs_.types; }
  [[nodiscard]] std::vector<Candidate> published() const override {
    std::vector<Candidate> all;
    for (const std::size_t i : designs_.published) all.push_back(designs_.candidates[i]);
    return all;
  }
  std::optional<Candidate> draw(const std::string& type, Rng& rng, const Seen& seen) const override {
    std::vector<const Candidate*> left;
    for (const std::size_t i : designs_.by_type.at(type)) {
      if (!seen(designs_.candidates[i].key)) left.push_back(&designs_.candidates[i]);
    }
    if (left.empty()) return std::nullopt;
    return *left[rng.below(left.size())];
  }
  std::optional<Candidate> draw_any(const std::string& type, Rng& rng, const Seen& seen) const override {
    return draw(type, rng, seen);
  }
  std::optional<Candidate> near(const Candidate& from, Rng& rng, const Seen& seen) const override {
    std::vector<const Candidate*> left;
    for (const std::size_t i : designs_.nearest[designs_.at.at(from.key)]) {
      if (!seen(designs_.candidates[i].key)) left.push_back(&designs_.candidates[i]);
      if (left.size() == kNear) break;
    }
    if (left.empty()) return std::nullopt;
    return *left[rng.below(left.size())];
  }
  Point point(const Candidate& candidate) override { return designs_.points[designs_.at.at(candidate.key)]; }
  [[nodiscard]] const Vocabulary& vocabulary() const override { return designs_.vocabulary; }

 private:
  const RecordedDesigns& designs_;
};

}  // namespace

RecordedDesigns::RecordedDesigns(std::vector<const Curve*> kept) : curves(std::move(kept)) {
  std::map<std::string, std::string> names;  // of published networks, which a study may have called otherwise
  for (const Design& design : known_designs()) names[design_hash(design)] = design.name;
  for (const Curve* curve : curves) {
    const std::string key = design_hash(curve->design);
    Candidate one{.sample = {.design = curve->design, .training = {}}, .key = key, .training_key = key};
    points.push_back(vocabulary.point(curve->design, {.memory_bytes = curve->memory_bytes, .ops = curve->ops}));
    if (const auto known = names.find(one.key); known != names.end()) {
      one.sample.design.name = known->second;
      published.push_back(candidates.size());
    }
    by_type[curve->design.type()].push_back(candidates.size());
    at[one.key] = candidates.size();
    candidates.push_back(std::move(one));
  }
  for (const auto& [type, designs] : by_type) types.push_back(type);
  nearest.resize(curves.size());
  for (std::size_t i = 0; i < curves.size(); ++i) {
    std::vector<std::pair<double, std::size_t>> others;
    for (std::size_t j = 0; j < curves.size(); ++j) {
      if (j == i || curves[j]->design.type() != curves[i]->design.type()) continue;
      others.emplace_back(distance(vocabulary, points[i], points[j]), j);
    }
    std::ranges::sort(others);
    for (const auto& [far, j] : others) nearest[i].push_back(j);
  }
}

std::unique_ptr<Pool> table_pool(const RecordedDesigns& designs) { return std::make_unique<TablePool>(designs); }

}  // namespace kws
