#include "kws/quant/detector.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "kws/core/error.h"

namespace kws {

namespace {

constexpr std::int64_t kOne = 32768;  // Q15
constexpr int kDefaultHopMs = 100;
constexpr int kLongestHopMs = 1000;

}  // namespace

bool is_keyword(const std::string& label) { return !label.starts_with('_'); }

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
  // How sure the network is of a keyword where there is none.
  std::vector<std::int64_t> wrong;
  for (std::size_t clip = 0; clip < truth.size(); ++clip) {
    if (is_keyword(labels.at(static_cast<std::size_t>(truth[clip])))) continue;
    const std::vector<std::int64_t> values = posteriors(logits.subspan(clip * classes, classes), table);
    const auto best = std::ranges::max_element(values);
    wrong.push_back(is_keyword(labels.at(static_cast<std::size_t>(best - values.begin()))) ? *best : 0);
  }
  if (wrong.empty()) return options;
  std::ranges::sort(wrong, std::greater());
  const auto allowed = static_cast<std::size_t>(false_accepts * static_cast<double>(wrong.size()));
  const std::int64_t refused = allowed < wrong.size() ? wrong[allowed] : -1;
  const double tuned = static_cast<double>(std::min(refused + 1, kOne)) / static_cast<double>(kOne);
  options.threshold = std::max(options.threshold, tuned);
  return options;
}

int threshold_q15(double threshold) { return static_cast<int>(std::lround(threshold * static_cast<double>(kOne))); }

double threshold_of_q15(int q15) { return q15 / static_cast<double>(kOne); }

StreamOptions stream_options(const FrontEnd& front_end, const DetectorOptions& detector, int hop_ms) {
  const int stride_ms = front_end.options().stride_ms;
  if (hop_ms != 0 && (hop_ms < stride_ms || hop_ms > kLongestHopMs || hop_ms % stride_ms != 0)) {
    throw Error("--hop-ms " + std::to_string(hop_ms) + ": use a multiple of the frame stride, " +
                    std::to_string(stride_ms) + " ms, up to " + std::to_string(kLongestHopMs),
                Exit::usage);
  }
  StreamOptions options{.hop_frames = std::max(1, (hop_ms == 0 ? kDefaultHopMs : hop_ms) / stride_ms),
                        .smoothing_ms = detector.smoothing_ms,
                        .threshold = threshold_q15(detector.threshold),
                        .refractory_ms = detector.refractory_ms,
                        .release = threshold_q15(detector.release)};
  options.continuous = detector.carry_state;
  if (detector.carry_state && detector.release == 0.0) options.release = threshold_q15(kCarriedRelease);
  const int averaged = smoothing_decisions(options, front_end.options());
  options.minimum = detector.minimum > 0 ? std::min(detector.minimum, averaged) : averaged;
  for (const double threshold : detector.thresholds) options.thresholds.push_back(threshold_q15(threshold));
  return options;
}

int smoothing_decisions(const StreamOptions& options, const FeatureOptions& features) {
  const int hop_ms = options.hop_frames * features.stride_ms;
  return std::max(1, (options.smoothing_ms + hop_ms / 2) / hop_ms);
}

SmoothedDecision PosteriorSmoother::push(std::span<const std::int8_t> logits, int frame) {
  if (last_.size() < decisions_) {
    last_.push_back(posteriors(logits, table_));
  } else {
    last_[next_] = posteriors(logits, table_);
    next_ = (next_ + 1) % decisions_;
  }
  SmoothedDecision decision{.frame = frame, .label = 0, .score = -1};
  for (std::size_t label = 0; label < logits.size(); ++label) {
    std::int64_t sum = 0;
    for (const std::vector<std::int64_t>& values : last_) sum += values[label];
    const int mean = static_cast<int>(sum / static_cast<std::int64_t>(last_.size()));
    if (mean > decision.score) decision = {.frame = frame, .label = static_cast<int>(label), .score = mean};
  }
  decision.held = static_cast<int>(last_.size());
  return decision;
}

DetectionGate::DetectionGate(const std::vector<std::string>& labels, const StreamOptions& options, int stride_ms)
    : options_(options), stride_ms_(stride_ms) {
  for (const std::string& label : labels) keyword_.push_back(is_keyword(label));
}

bool DetectionGate::detects(const SmoothedDecision& decision) {
  if (decision.label != pressed_ || decision.score < options_.release) pressed_ = -1;
  const bool rested = last_ < 0 || (decision.frame - last_) * stride_ms_ >= options_.refractory_ms;
  const bool heard = decision.held >= options_.minimum && pressed_ < 0;
  const bool sure = decision.score >= options_.threshold_of(decision.label);
  if (!sure || !keyword_.at(static_cast<std::size_t>(decision.label)) || !rested || !heard) return false;
  last_ = decision.frame;
  pressed_ = options_.release > 0 ? decision.label : -1;
  return true;
}

}  // namespace kws
