#pragma once

#include <cmath>
#include <vector>

#include "../../src/cost/work.h"

namespace kws::test {

/// One measure of a task: how often its parts ran, and what it took.
struct Measure {
  Terms terms{};
  double value = 0;
  double scale = value;  ///< what errors are relative to
};

/// Solves the normal equations of the parts that `used` names by Gauss's elimination.
inline Terms solve(const std::vector<Measure>& measures, const std::vector<int>& used) {
  const std::size_t n = used.size();
  std::vector<std::vector<double>> a(n, std::vector<double>(n + 1, 0.0));
  for (const Measure& m : measures) {
    for (std::size_t i = 0; i < n; ++i) {
      const double x = m.terms[static_cast<std::size_t>(used[i])] / m.scale;
      for (std::size_t j = 0; j < n; ++j) a[i][j] += x * m.terms[static_cast<std::size_t>(used[j])] / m.scale;
      a[i][n] += x * m.value / m.scale;
    }
  }
  // Parts that never ran alone share one cost rather than dividing by zero.
  for (std::size_t i = 0; i < n; ++i) a[i][i] *= 1 + 1e-9;
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t pivot = i;
    for (std::size_t row = i + 1; row < n; ++row) {
      if (std::abs(a[row][i]) > std::abs(a[pivot][i])) pivot = row;
    }
    std::swap(a[i], a[pivot]);
    for (std::size_t row = 0; row < n; ++row) {
      if (row == i || a[i][i] == 0) continue;
      const double factor = a[row][i] / a[i][i];
      for (std::size_t j = i; j <= n; ++j) a[row][j] -= factor * a[i][j];
    }
  }
  Terms result{};
  for (std::size_t i = 0; i < n; ++i) {
    if (a[i][i] != 0) result[static_cast<std::size_t>(used[i])] = a[i][n] / a[i][i];
  }
  return result;
}

/// Coefficients, none negative, with the least sum of squared relative errors: as long as one comes out negative, the
/// most harmful is left out. Measures of no size are ignored.
inline Terms fit(std::vector<Measure> measures) {
  std::erase_if(measures, [](const Measure& m) { return m.scale <= 0; });
  std::vector<int> used;
  for (int i = 0; i < kTerms; ++i) {
    for (const Measure& m : measures) {
      if (m.terms[static_cast<std::size_t>(i)] == 0) continue;
      used.push_back(i);
      break;
    }
  }
  while (true) {
    const Terms result = solve(measures, used);
    int worst = -1;
    double harm = 0;
    for (const int i : used) {
      const auto at = static_cast<std::size_t>(i);
      double share = 0;
      for (const Measure& m : measures) share = std::min(share, result[at] * m.terms[at] / m.scale);
      if (share >= harm) continue;
      harm = share;
      worst = i;
    }
    if (worst < 0) return result;
    std::erase(used, worst);
  }
}

}  // namespace kws::test
