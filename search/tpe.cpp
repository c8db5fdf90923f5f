#include "kws/search/tpe.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <numeric>

#include "kws/core/options.h"

namespace kws {
namespace {

constexpr double kGoodShare = 0.2;
constexpr std::size_t kLeastGood = 3, kMostGood = 25;
constexpr double kPrior = 1.0;         ///< weight of the uniform density, in observations
constexpr double kLeastNumber = 1e-9;  ///< stands for 0, which has no logarithm

bool is_zero(double number) { return number == std::log(kLeastNumber); }

}  // namespace

void Vocabulary::add(Point& point, const std::string& name, const Json& value) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) add(point, name + "." + key, inner);
    return;
  }
  if (value.is_array()) {
    // Layers between the first and the last are mostly their copies, which would count again and again.
    add(point, name + ".count", value.size());
    add(point, name + ".first", value.front());
    add(point, name + ".last", value.back());
    return;
  }
  const auto [entry, fresh] = parameters_.try_emplace(name, parameters_.size());
  if (fresh) is_name_.push_back(value.is_string());
  // Off and on are as far apart as one and two.
  const double size = value.is_boolean()  ? 1.0 + static_cast<double>(value.get<bool>())
                      : value.is_number() ? value.get<double>()
                                          : 0.0;
  const double number =
      value.is_string() ? static_cast<double>(names_.try_emplace(value.get<std::string>(), names_.size()).first->second)
                        : std::log(std::max(kLeastNumber, std::abs(size)));  // decibels are below 0
  point.emplace_back(entry->second, number);
}

Point Vocabulary::point(const Design& design, const Needs& needs,
                        std::span<const std::pair<std::string, double>> training) {
  const Json json = design_to_json(design);
  Point point;
  add(point, "type", design.type());
  add(point, "memory", needs.memory_bytes);
  add(point, "ops", needs.ops);
  add(point, "features", json.at("features"));
  // A width means something else in another type.
  add(point, design.type(), json.at("network"));
  for (const auto& [name, value] : training) add(point, name, value);
  return point;
}

ParzenModel::ParzenModel(const Vocabulary& vocabulary, std::span<const Point> points,
                         std::span<const double> accuracy) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return accuracy[i]; });
  const auto share = static_cast<std::size_t>(std::ceil(kGoodShare * static_cast<double>(points.size())));
  const std::size_t good = std::clamp(share, kLeastGood, kMostGood);

  parameters_.resize(vocabulary.size());
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    for (const auto& [index, value] : points[order[rank]]) {
      Parameter& parameter = parameters_[index];
      parameter.is_name = vocabulary.is_name(index);
      (rank < good && accuracy[order[rank]] > 0.0 ? parameter.good : parameter.others).push_back(value);
    }
  }
  for (Parameter& parameter : parameters_) parameter.set_range();
}

void ParzenModel::Parameter::set_range() {
  std::vector<double> numbers;
  for (const std::vector<double>* values : {&good, &others}) {
    std::ranges::copy_if(*values, std::back_inserter(numbers), std::not_fn(is_zero));
  }
  if (numbers.empty()) return;
  const auto [least, most] = std::ranges::minmax(numbers);
  // Where a logarithm would put 0, all others are one and the same: it counts as half of the least.
  zero = least - std::log(2.0);
  low = numbers.size() < good.size() + others.size() ? zero : least;
  high = most;
  for (std::vector<double>* values : {&good, &others}) std::ranges::replace_if(*values, is_zero, zero);
}

double ParzenModel::density(const Parameter& parameter, const std::vector<double>& values, double value) {
  const auto count = static_cast<double>(values.size());
  if (parameter.is_name) {
    // The categories seen stand for all: their number cancels in the ratio.
    return (kPrior + static_cast<double>(std::ranges::count(values, value))) / (kPrior + count);
  }
  const double range = parameter.high - parameter.low;
  if (range <= 0.0) return 1.0;
  const double width = range * std::pow(1.0 + count, -0.2);  // Scott's rule for a uniform spread, rounded up
  double sum = kPrior / range;
  for (const double other : values) {
    const double u = (value - other) / width;
    sum += std::max(0.0, 0.75 * (1.0 - u * u)) / width;
  }
  return sum / (kPrior + count);
}

double ParzenModel::score(const Point& point) const {
  double score = 0.0;
  for (const auto& [index, value] : point) {
    if (index >= parameters_.size()) continue;  // no observation has it
    const Parameter& parameter = parameters_[index];
    if (parameter.good.empty() || parameter.others.empty()) continue;  // nothing to compare with
    const double place = is_zero(value) ? parameter.zero : value;
    score += std::log(density(parameter, parameter.good, place) / density(parameter, parameter.others, place));
  }
  return score;
}

}  // namespace kws
