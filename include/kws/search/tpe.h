#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kws/cost/budget.h"
#include "kws/families/design.h"

namespace kws {

/// A design as the model sees it: parameter (index of a vocabulary) and value. Sizes are logarithms, because what
/// matters of a size is its ratio to others.
using Point = std::vector<std::pair<std::size_t, double>>;

/// Numbers for the parameters' names, so that points of different types lie in one conditional space.
class Vocabulary {
 public:
  /// Every number and name of the design, and what it needs of memory and operations: known at no cost, and the best
  /// single hint at its accuracy.
  ///   training  by name, what is chosen of it
  Point point(const Design& design, const Needs& needs, std::span<const std::pair<std::string, double>> training = {});
  [[nodiscard]] bool is_name(std::size_t parameter) const { return is_name_[parameter]; }
  [[nodiscard]] std::size_t size() const { return is_name_.size(); }

 private:
  void add(Point& point, const std::string& name, const nlohmann::ordered_json& value);
  std::map<std::string, std::size_t> parameters_, names_;
  std::vector<bool> is_name_;
};

/// Fewer trials give no model; see trials_to_learn_from().
constexpr std::size_t kLeastToModel = 8;

/// Tree-structured Parzen estimator: how much more likely a point is among the good designs than among the others.
/// Source: Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NIPS 2011, section 4; one-dimensional
/// densities, a parameter counts among the points that have it. Budgets are kept by the candidates, not by the model.
class ParzenModel {
 public:
  /// accuracy[i] is what points[i] is worth; 0: it failed.
  ParzenModel(const Vocabulary& vocabulary, std::span<const Point> points, std::span<const double> accuracy);

  /// Logarithm of the ratio; higher is more promising.
  [[nodiscard]] double score(const Point& point) const;

 private:
  struct Parameter {
    bool is_name = false;
    double low = 0.0, high = 0.0, zero = 0.0;
    std::vector<double> good, others;
    void set_range();
  };
  static double density(const Parameter& parameter, const std::vector<double>& values, double value);
  std::vector<Parameter> parameters_;
};

}  // namespace kws
