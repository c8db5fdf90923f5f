#include "kws/pipeline/listen.h"

#include "kws/core/options.h"
#include "kws/cost/stream_plan.h"

namespace kws {

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

constexpr double kSweep[] = {0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99};

}  // namespace

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
