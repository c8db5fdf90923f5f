#include <algorithm>

#include "kws/pipeline/listen.h"

namespace kws {

namespace {

std::vector<Detection> detections_at(const Listening& listening, const StreamOptions& options, const Heard& heard) {
  DetectionGate gate(listening.labels, options, listening.features.stride_ms);
  std::vector<Detection> list;
  std::vector<bool> taken(heard.words.size());
  for (const SmoothedDecision& decision : heard.decisions) {
    if (!gate.detects(decision)) continue;
    Detection& d = list.emplace_back(Detection{.seconds = end_of_frame(listening.features, decision.frame),
                                               .label = decision.label,
                                               .score = threshold_of_q15(decision.score)});
    for (std::size_t i = 0; i < heard.words.size() && !d.found; ++i) {
      const SpokenWord& word = heard.words[i];
      if (taken[i] || word.label != d.label || d.seconds < word.begin || d.seconds > word.end + kLateSeconds) continue;
      taken[i] = d.found = true;
    }
  }
  return list;
}

OperatingPoint point_at(const Listening& listening, const StreamOptions& options) {
  OperatingPoint point{.threshold = threshold_of_q15(options.threshold)};
  for (const Heard& heard : listening.heard) {
    if (!heard.labelled) continue;
    point.hours += heard.seconds / 3600.0;
    point.words += static_cast<int>(heard.words.size());
    for (const Detection& d : detections_at(listening, options, heard)) ++(d.found ? point.found : point.false_accepts);
  }
  return point;
}

StreamOptions same_for_all(const Listening& listening, double threshold) {
  StreamOptions options = listening.options;
  options.threshold = threshold_q15(threshold);
  options.thresholds.clear();
  return options;
}

}  // namespace

std::vector<Detection> detections(const Listening& listening, const Heard& heard) {
  return detections_at(listening, listening.options, heard);
}

double OperatingPoint::false_reject_rate() const {
  return words == 0 ? 0.0 : static_cast<double>(words - found) / words;
}

double OperatingPoint::false_accepts_per_hour() const { return hours > 0.0 ? false_accepts / hours : 0.0; }

OperatingPoint operating_point(const Listening& listening, double threshold) {
  OperatingPoint point = point_at(listening, same_for_all(listening, threshold));
  point.threshold = threshold;
  return point;
}

OperatingPoint operating_point(const Listening& listening) { return point_at(listening, listening.options); }

double tune_threshold(const Listening& listening, double false_accepts_per_hour) {
  // Not by bisection: the pause after a detection makes the number of false accepts rise in places.
  for (int hundredths = 1; hundredths < 100; ++hundredths) {
    const double threshold = hundredths / 100.0;
    if (operating_point(listening, threshold).false_accepts_per_hour() <= false_accepts_per_hour) return threshold;
  }
  return 1.0;
}

namespace {

constexpr int kHundredths = 100;
constexpr int kNever = 32769;  ///< a Q15 threshold that no posterior reaches

/// What one keyword finds and accepts at each threshold in hundredths, the others silent.
using Curve = std::vector<OperatingPoint>;
Curve curve_of(const Listening& listening, std::size_t label) {
  Curve curve;
  for (int at = 0; at <= kHundredths; ++at) {
    StreamOptions options = listening.options;
    options.thresholds.assign(listening.labels.size(), kNever);
    options.thresholds[label] = threshold_q15(static_cast<double>(at) / kHundredths);
    curve.push_back(point_at(listening, options));
  }
  return curve;
}

/// Hundredths for each keyword: again and again the step down that finds most words for each false accept it costs, as
/// long as `most` of them pay for it.
std::vector<int> spend(const std::vector<Curve>& curves, double most) {
  std::vector<int> at(curves.size(), kHundredths);
  double left = most;
  while (true) {
    std::size_t best = curves.size();
    int best_at = 0;
    double best_worth = 0.0, best_cost = 0.0;
    for (std::size_t label = 0; label < curves.size(); ++label) {
      for (int to = at[label] - 1; to > 0 && !curves[label].empty(); --to) {
        const auto& [now, then] =
            std::pair(curves[label][static_cast<std::size_t>(at[label])], curves[label][static_cast<std::size_t>(to)]);
        const double cost = then.false_accepts - now.false_accepts;
        const double gain = then.found - now.found;
        const double worth = gain / std::max(cost, 1e-3);
        if (gain <= 0.0 || cost > left || worth <= best_worth) continue;
        best = label;
        best_at = to;
        best_worth = worth;
        best_cost = cost;
      }
    }
    if (best == curves.size()) return at;
    at[best] = best_at;
    left -= best_cost;
  }
}

}  // namespace

std::vector<double> tune_thresholds(const Listening& listening, double false_accepts_per_hour) {
  const double same = tune_threshold(listening, false_accepts_per_hour);
  const OperatingPoint reference = operating_point(listening, same);
  const double most = false_accepts_per_hour * reference.hours;
  std::vector<Curve> curves;
  for (std::size_t label = 0; label < listening.labels.size(); ++label) {
    curves.push_back(is_keyword(listening.labels[label]) ? curve_of(listening, label) : Curve{});
  }
  // Together keywords take each other's time, so that the sum is not quite what each of them takes alone.
  for (const double share : {1.0, 0.9, 0.8, 0.6, 0.4}) {
    const std::vector<int> at = spend(curves, share * most);
    StreamOptions options = listening.options;
    options.thresholds.clear();
    for (const int hundredths : at) options.thresholds.push_back(threshold_q15(double{1} * hundredths / kHundredths));
    const OperatingPoint point = point_at(listening, options);
    if (point.false_accepts > most) continue;
    if (point.found <= reference.found) break;
    std::vector<double> thresholds;
    thresholds.reserve(at.size());
    for (const int hundredths : at) thresholds.push_back(double{1} * hundredths / kHundredths);
    return thresholds;
  }
  return std::vector<double>(listening.labels.size(), same);
}

}  // namespace kws
