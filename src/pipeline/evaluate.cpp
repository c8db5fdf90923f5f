#include <algorithm>
#include <cmath>
#include <map>

#include "kws/core/bootstrap.h"
#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/interrupt.h"
#include "kws/core/options.h"
#include "kws/core/parallel.h"
#include "kws/datasets/augment.h"
#include "kws/export/c_engine.h"
#include "kws/pipeline/pipeline.h"
#include "kws/quant/detector.h"
#include "kws/quant/int8_engine.h"
#include "kws/train/float_run.h"

namespace kws {

namespace {

std::string_view engine_name(Engine engine) {
  switch (engine) {
    case Engine::float32:
      return "float";
    case Engine::int8:
      return "int8";
    case Engine::c:
      return "c";
  }
  return "";
}

/// Clips first .. last of a split in one task: enough to keep a worker busy, few enough to share the work out.
constexpr std::size_t kClipsPerTask = 48;

void for_ranges(std::size_t clips, int threads, const std::function<void(std::size_t, std::size_t)>& body) {
  const std::size_t tasks = (clips + kClipsPerTask - 1) / kClipsPerTask;
  parallel_for_each_index(tasks, threads, [&](std::size_t task) {
    throw_if_interrupted();
    body(task * kClipsPerTask, std::min(clips, (task + 1) * kClipsPerTask));
  });
}

/// Posterior of the largest logit.
double largest_posterior(std::span<const float> logits) {
  const double largest = *std::ranges::max_element(logits);
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  return 1.0 / sum;
}

/// The same of int8 logits, by the detector's table.
double largest_posterior(std::span<const std::int8_t> logits, const std::vector<std::uint16_t>& table) {
  const std::vector<std::int64_t> all = posteriors(logits, table);
  return threshold_of_q15(static_cast<int>(*std::ranges::max_element(all)));
}

/// posterior  of the largest of a clip's logits
template <class Value, class Posterior>
void take_predictions(Evaluation& evaluation, const std::vector<Value>& logits, const Posterior& posterior) {
  const std::size_t classes = evaluation.labels.size();
  for (std::size_t i = 0; i < evaluation.expected.size(); ++i) {
    const std::span<const Value> row = std::span(logits).subspan(i * classes, classes);
    evaluation.predicted.push_back(static_cast<int>(std::ranges::max_element(row) - row.begin()));
    evaluation.posterior.push_back(posterior(row));
  }
  evaluation.output_sha256 = sha256_hex({reinterpret_cast<const char*>(logits.data()), logits.size() * sizeof(Value)});
}

std::vector<std::int8_t> int8_logits(const Model& model, const FeatureBatch& batch, int threads) {
  const auto classes = static_cast<std::size_t>(model.int8.classes());
  const auto values = static_cast<std::size_t>(model.int8.input.elements());
  std::vector<std::int8_t> logits(batch.labels.size() * classes);
  const Int8Engine engine(model.int8);
  for_ranges(batch.labels.size(), threads, [&](std::size_t first, std::size_t last) {
    engine.run(std::span(batch.features).subspan(first * values, (last - first) * values),
               std::span(logits).subspan(first * classes, (last - first) * classes));
  });
  return logits;
}

/// From the samples on, as the device does it: nothing of the host's front end or network takes part.
std::vector<std::int8_t> c_logits(const Model& model, const Dataset& dataset, Split split, int threads,
                                  const Level& level) {
  require_clip_ms(dataset, model.design.features);
  const FrontEnd front_end(model.design.features);
  const CEngine engine(export_view(model, front_end));
  const std::vector<Example>& examples = dataset.held_out(split);
  const auto classes = static_cast<std::size_t>(model.int8.classes());
  std::vector<std::int8_t> logits(examples.size() * classes);
  for_ranges(examples.size(), threads, [&](std::size_t first, std::size_t last) {
    std::vector<std::int16_t> pcm(front_end.clip_samples());
    for (std::size_t i = first; i < last; ++i) {
      const int clip = examples[i].clip;
      pad_clip(clip == kNoClip ? std::span<const std::int16_t>{} : dataset.clip(clip), pcm);
      set_level(level, pcm);
      engine.classify(pcm, std::span(logits).subspan(i * classes, classes));
    }
  });
  return logits;
}

}  // namespace

double Evaluation::accuracy() const {
  if (expected.empty()) return 0.0;
  std::size_t right = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) right += expected[i] == predicted[i] ? 1U : 0U;
  return static_cast<double>(right) / static_cast<double>(expected.size());
}

double Evaluation::error() const {
  std::vector<unsigned char> right;
  right.reserve(expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) right.push_back(expected[i] == predicted[i] ? 1 : 0);
  return accuracy_error(right, speakers);
}

double Evaluation::error(int label) const {
  std::vector<unsigned char> right;
  std::vector<int> of_label;
  std::map<int, int> numbers = {{kFixedGroup, kFixedGroup}};  // without gaps, of those who spoke them
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] != label) continue;
    right.push_back(expected[i] == predicted[i] ? 1 : 0);
    const int next = static_cast<int>(numbers.size()) - 1;
    of_label.push_back(numbers.try_emplace(speakers[i], next).first->second);
  }
  return accuracy_error(right, of_label);
}

Evaluation evaluate(const Model& model, const Dataset& dataset, Split split, Engine engine, int threads,
                    const Level& level) {
  if (dataset.labels().labels() != model.labels) {
    throw Error(model.design.name + ": the model's labels are not the dataset's; give its keywords", Exit::usage);
  }
  Evaluation evaluation{.engine = std::string(engine_name(engine)),
                        .split = dataset.measured_only() ? "all" : std::string(split_name(split)),
                        .labels = model.labels,
                        .expected = {},
                        .predicted = {},
                        .posterior = {},
                        .speakers = dataset.held_out_speakers(split),
                        .output_sha256 = {}};
  const std::vector<std::uint16_t> table = exp_table(model.int8.layers.back().output.scale);
  const auto of_int8 = [&](std::span<const std::int8_t> logits) { return largest_posterior(logits, table); };
  for (const Example& example : dataset.held_out(split)) evaluation.expected.push_back(example.label);
  if (engine == Engine::c) {
    take_predictions(evaluation, c_logits(model, dataset, split, threads, level), of_int8);
    return evaluation;
  }
  const FeatureFeed feed(dataset, model.design.features, model.normalisation, threads);
  const FeatureBatch batch = feed.held_out(split, level);
  if (engine == Engine::int8) {
    take_predictions(evaluation, int8_logits(model, batch, threads), of_int8);
  } else {
    throw_if_interrupted();
    take_predictions(evaluation, run_float(build_graph(model.design), model.weights, batch.features),
                     [](std::span<const float> logits) { return largest_posterior(logits); });
  }
  return evaluation;
}

Confusion confusion_of(const Evaluation& evaluation) {
  const std::size_t classes = evaluation.labels.size();
  Confusion confusion(classes, std::vector<int>(classes, 0));
  for (std::size_t i = 0; i < evaluation.expected.size(); ++i) {
    ++confusion[static_cast<std::size_t>(evaluation.expected[i])][static_cast<std::size_t>(evaluation.predicted[i])];
  }
  return confusion;
}

std::vector<ClipThreshold> thresholds_of(const Evaluation& evaluation) {
  constexpr int kSteps = 20;
  const auto keyword = [&](int label) { return is_keyword(evaluation.labels[static_cast<std::size_t>(label)]); };
  std::vector<ClipThreshold> points;
  for (int step = 0; step <= kSteps; ++step) {
    ClipThreshold point{.threshold = step < kSteps ? static_cast<double>(step) / kSteps : 0.99};
    int words = 0, others = 0;
    for (std::size_t i = 0; i < evaluation.expected.size(); ++i) {
      const int spoken = evaluation.expected[i], heard = evaluation.predicted[i];
      const bool accepted = keyword(heard) && evaluation.posterior[i] >= point.threshold;
      ++(keyword(spoken) ? words : others);
      if (keyword(spoken)) {
        point.misses += accepted && heard == spoken ? 0.0 : 1.0;
      } else {
        point.false_accepts += accepted ? 1.0 : 0.0;
      }
    }
    point.misses /= std::max(1, words);
    point.false_accepts /= std::max(1, others);
    points.push_back(point);
  }
  return points;
}

nlohmann::ordered_json evaluation_to_json(const Evaluation& evaluation) {
  const std::size_t classes = evaluation.labels.size();
  const Confusion confusion = confusion_of(evaluation);
  Json per_class = Json::object();
  for (std::size_t label = 0; label < classes; ++label) {
    int clips = 0;
    for (const int count : confusion[label]) clips += count;
    per_class[evaluation.labels[label]] = {{"clips", clips},
                                           {"correct", confusion[label][label]},
                                           {"accuracy_error", evaluation.error(static_cast<int>(label))}};
  }
  Json thresholds = Json::array();
  for (const ClipThreshold& point : thresholds_of(evaluation)) {
    thresholds.push_back(
        {{"threshold", point.threshold}, {"misses", point.misses}, {"false_accepts", point.false_accepts}});
  }
  return {{"schema", "kwsmith.eval/1"},
          {"engine", evaluation.engine},
          {"split", evaluation.split},
          {"clips", evaluation.expected.size()},
          {"accuracy", evaluation.accuracy()},
          {"accuracy_error", evaluation.error()},
          {"output_sha256", evaluation.output_sha256},
          {"labels", evaluation.labels},
          {"per_class", per_class},
          {"confusion", confusion},
          {"thresholds", thresholds}};
}

}  // namespace kws
