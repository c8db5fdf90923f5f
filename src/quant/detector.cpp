#include "kws/quant/detector.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace kws {

namespace {

constexpr std::int64_t kOne = 32768;  // Q15

}  // namespace

std::vector<std::uint16_t> exp_table(double scale) {
  std::vector<std::uint16_t> table;
  for (int d = 0; d < 256; ++d) {
    const long value = std::lround(std::exp(-scale * d) * static_cast<double>(kOne));
    if (value == 0) break;
    table.push_back(static_cast<std::uint16_t>(value));
  }
  return table;
}

std::vector<std::int64_t> posteriors(std::span<const std::int8_t> logits, const std::vector<std::uint16_t>& table) {
  const int largest = *std::ranges::max_element(logits);
  std::vector<std::int64_t> values;
  std::int64_t sum = 0;
  for (const std::int8_t logit : logits) {
    const auto below = static_cast<std::size_t>(largest - logit);
    values.push_back(below < table.size() ? table[below] : 0);
    sum += values.back();
  }
  for (std::int64_t& value : values) value = (value * kOne + sum / 2) / sum;
  return values;
}

DetectorOptions tune_detector(DetectorOptions options, double false_accepts, std::span<const std::int8_t> logits,
                              std::span<const int> truth, const std::vector<std::string>& labels, double logit_scale) {
  const std::size_t classes = labels.size();
  assert(logits.size() == truth.size() * classes);
  const std::vector<std::uint16_t> table = exp_table(logit_scale);
  const auto is_keyword = [&](std::size_t label) { return !labels.at(label).starts_with('_'); };
  // How sure the network is of a keyword where there is none.
  std::vector<std::int64_t> wrong;
  for (std::size_t clip = 0; clip < truth.size(); ++clip) {
    if (is_keyword(static_cast<std::size_t>(truth[clip]))) continue;
    const std::vector<std::int64_t> values = posteriors(logits.subspan(clip * classes, classes), table);
    const auto best = std::ranges::max_element(values);
    wrong.push_back(is_keyword(static_cast<std::size_t>(best - values.begin())) ? *best : 0);
  }
  if (wrong.empty()) return options;
  std::ranges::sort(wrong, std::greater());
  const auto allowed = static_cast<std::size_t>(false_accepts * static_cast<double>(wrong.size()));
  const std::int64_t refused = allowed < wrong.size() ? wrong[allowed] : -1;
  const double tuned = static_cast<double>(std::min(refused + 1, kOne)) / static_cast<double>(kOne);
  options.threshold = std::max(options.threshold, tuned);
  return options;
}

}  // namespace kws
