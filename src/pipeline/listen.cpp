#include "kws/pipeline/listen.h"

#include <algorithm>
#include <optional>

#include "kws/core/error.h"
#include "kws/core/interrupt.h"
#include "kws/core/options.h"
#include "kws/core/parallel.h"
#include "kws/cost/stream_plan.h"
#include "kws/quant/int8_engine.h"

namespace kws {

namespace {

constexpr std::size_t kDecisionsPerTask = 16;
constexpr std::size_t kTasksPerBlock = 64;  ///< between looks for an interrupt
constexpr double kSweep[] = {0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99};

}  // namespace

struct Listener::Impl {
  Impl(const Model& model_, const StreamOptions& options_, int threads_)
      : model(model_),
        front_end(model_.design.features),
        engine(model_.int8),
        options(options_),
        smoother(model_.int8.layers.back().output.scale, smoothing_decisions(options, model_.design.features)),
        threads(threads_),
        frame(front_end.frames()) {
    const FrontEnd::Tables& tables = front_end.tables();
    hop = static_cast<std::size_t>(options.hop_frames) * static_cast<std::size_t>(tables.stride);
    const int samples = (front_end.frames() - 1) * tables.stride + tables.window;
    needed = static_cast<std::size_t>(samples);
    if (!options.continuous) return;
    const StreamPlan plan = require_state(build_graph(model.design), model.design.name, options.hop_frames,
                                          model.design.features.stride_ms);
    const int frames = options.hop_frames - plan.frames + plan.first_frames;
    next_engine.emplace(with_frames(model.int8, frames));
    next_values = static_cast<std::size_t>(frames) * static_cast<std::size_t>(front_end.coefficients());
  }

  /// Logits of the decisions that begin at `hop`s from `pcm` on: [count][classes].
  [[nodiscard]] std::vector<std::int8_t> logits_of(std::span<const std::int16_t> pcm, std::size_t count) {
    const auto classes = static_cast<std::size_t>(model.int8.classes());
    const auto values = static_cast<std::size_t>(front_end.values());
    std::vector<std::int8_t> logits(count * classes), heard(options.continuous ? count * values : 0);
    const std::size_t tasks = (count + kDecisionsPerTask - 1) / kDecisionsPerTask;
    parallel_for_each_index(tasks, threads, [&](std::size_t task) {
      const std::size_t first = task * kDecisionsPerTask;
      const std::size_t clips = std::min(count - first, kDecisionsPerTask);
      // The frames of one decision are those of a clip; behind them it is not read.
      std::vector<std::int16_t> windows(clips * front_end.clip_samples());
      for (std::size_t i = 0; i < clips; ++i) {
        std::ranges::copy(pcm.subspan((first + i) * hop, needed),
                          windows.begin() + static_cast<std::ptrdiff_t>(i * front_end.clip_samples()));
      }
      std::vector<std::int8_t> features(clips * values);
      front_end.quantized(windows, model.normalisation, features);
      if (options.continuous) {
        std::ranges::copy(features, heard.begin() + static_cast<std::ptrdiff_t>(first * values));
      } else {
        engine.run(features, std::span(logits).subspan(first * classes, clips * classes));
      }
    });
    for (std::size_t i = 0; options.continuous && i < count; ++i) {
      carry_on(std::span(heard).subspan(i * values, values), std::span(logits).subspan(i * classes, classes));
    }
    return logits;
  }

  /// A decision from the state, with the frames that a hop's columns are made of; the first one with all.
  void carry_on(std::span<const std::int8_t> features, std::span<std::int8_t> logits) {
    if (state.empty()) return engine.run_on(features, logits, state);
    next_engine->run_on(features.last(next_values), logits, state);
  }

  const Model& model;
  FrontEnd front_end;
  Int8Engine engine;
  StreamOptions options;
  std::optional<Int8Engine> next_engine;  ///< of a hop's new columns, where the state is carried on
  std::size_t next_values = 0;            ///< that it reads
  Int8Engine::State state;                ///< there
  PosteriorSmoother smoother;
  int threads;
  std::size_t hop = 0, needed = 0;  ///< samples from decision to decision, and of one
  std::vector<std::int16_t> rest;   ///< from the begin of the next decision on
  std::size_t skip = 0;             ///< samples to come before that begin
  int frame;                        ///< of the next decision
};

Listener::Listener(const Model& model, const StreamOptions& options, int threads)
    : impl_(std::make_unique<Impl>(model, options, threads)) {}
Listener::~Listener() = default;
Listener::Listener(Listener&&) noexcept = default;
Listener& Listener::operator=(Listener&&) noexcept = default;

std::vector<SmoothedDecision> Listener::push(std::span<const std::int16_t> pcm) {
  Impl& s = *impl_;
  const std::size_t skipped = std::min(s.skip, pcm.size());
  s.skip -= skipped;
  pcm = pcm.subspan(skipped);
  s.rest.insert(s.rest.end(), pcm.begin(), pcm.end());
  const std::span<const std::int16_t> all = s.rest;
  const std::size_t count = all.size() < s.needed ? 0 : 1 + (all.size() - s.needed) / s.hop;
  const auto classes = static_cast<std::size_t>(s.model.int8.classes());
  std::vector<SmoothedDecision> decisions;
  for (std::size_t first = 0; first < count; first += kDecisionsPerTask * kTasksPerBlock) {
    throw_if_interrupted();
    const std::size_t block = std::min(count - first, kDecisionsPerTask * kTasksPerBlock);
    const std::vector<std::int8_t> logits = s.logits_of(all.subspan(first * s.hop), block);
    for (std::size_t i = 0; i < block; ++i) {
      decisions.push_back(s.smoother.push(std::span(logits).subspan(i * classes, classes), s.frame));
      s.frame += s.options.hop_frames;
    }
  }
  // A hop may be longer than what is there.
  const std::size_t used = std::min(count * s.hop, s.rest.size());
  s.skip += count * s.hop - used;
  s.rest.erase(s.rest.begin(), s.rest.begin() + static_cast<std::ptrdiff_t>(used));
  return decisions;
}

Listening begin_listening(const Model& model, const DetectorOptions& detector, int hop_ms) {
  const FrontEnd front_end(model.design.features);
  const int stride_ms = model.design.features.stride_ms;
  const Graph graph = build_graph(model.design);
  if (hop_ms == 0) hop_ms = default_hop_ms(graph, stride_ms, true, detector.carry_state);
  if (detector.carry_state) require_state(graph, model.design.name, hop_ms / stride_ms, stride_ms);
  return {.model = model.design.name,
          .labels = model.labels,
          .options = stream_options(front_end, detector, hop_ms),
          .features = model.design.features,
          .heard = {}};
}

void listen_to(const Recording& recording, const Model& model, int threads, Listening& listening) {
  listening.heard.push_back({.name = recording.name,
                             .seconds = static_cast<double>(recording.pcm.size()) / kRateHz,
                             .labelled = recording.labelled,
                             .words = recording.words,
                             .decisions = Listener(model, listening.options, threads).push(recording.pcm)});
}

double end_of_frame(const FeatureOptions& features, int frame) {
  return (static_cast<double>(frame - 1) * features.stride_ms + features.window_ms) / 1000.0;
}

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

nlohmann::ordered_json listening_to_json(const Listening& listening) {
  const auto of = [](const OperatingPoint& point) -> Json {
    return {{"threshold", point.threshold},
            {"hours", point.hours},
            {"words", point.words},
            {"found", point.found},
            {"false_reject_rate", point.false_reject_rate()},
            {"false_accepts", point.false_accepts},
            {"false_accepts_per_hour", point.false_accepts_per_hour()}};
  };
  Json recordings = Json::array(), found = Json::array(), points = Json::array();
  double seconds = 0.0;
  bool labelled = false;
  for (const Heard& heard : listening.heard) {
    seconds += heard.seconds;
    labelled = labelled || heard.labelled;
    recordings.push_back({{"name", heard.name},
                          {"seconds", heard.seconds},
                          {"decisions", heard.decisions.size()},
                          {"words", heard.labelled ? Json(heard.words.size()) : Json()}});
    for (const Detection& d : detections(listening, heard)) {
      found.push_back({{"recording", heard.name},
                       {"seconds", d.seconds},
                       {"word", listening.labels.at(static_cast<std::size_t>(d.label))},
                       {"score", d.score},
                       {"found", heard.labelled ? Json(d.found) : Json()}});
    }
  }
  if (labelled) {
    for (const double threshold : kSweep) points.push_back(of(operating_point(listening, threshold)));
  }
  const double threshold = threshold_of_q15(listening.options.threshold);
  Json each = Json::object();
  for (std::size_t i = 0; i < listening.options.thresholds.size(); ++i) {
    const std::string& label = listening.labels.at(i);
    if (is_keyword(label)) each[label] = threshold_of_q15(listening.options.thresholds[i]);
  }
  const std::size_t count = found.size();
  return {{"schema", "kwsmith.listen/1"},
          {"model", listening.model},
          {"threshold", threshold},
          {"threshold_of_each", std::move(each)},
          {"smoothing_ms", listening.options.smoothing_ms},
          {"refractory_ms", listening.options.refractory_ms},
          {"hop_ms", listening.options.hop_frames * listening.features.stride_ms},
          {"carries_state", listening.options.continuous},
          {"seconds_heard", seconds},
          {"recordings", std::move(recordings)},
          {"detections", std::move(found)},
          {"detections_per_hour", seconds > 0.0 ? static_cast<double>(count) * 3600.0 / seconds : 0.0},
          {"judged", labelled ? of(operating_point(listening)) : Json()},
          {"thresholds", std::move(points)}};
}

}  // namespace kws
