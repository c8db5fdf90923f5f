#include "kws/train/float_run.h"

#include <algorithm>
#include <cmath>

#include "kws/quant/int8_engine.h"
#include "kws/train/float_module.h"
#include "ranges.h"

namespace kws {

namespace {

constexpr int kEvaluationBatch = 256;

/// Calls `body(batch of the features)` for all rows in order.
template <class Body>
void in_batches(const Graph& graph, std::span<const std::int8_t> features, const Body& body) {
  const auto values = static_cast<std::size_t>(graph.input().elements());
  const std::size_t rows = features.size() / values;
  for (std::size_t first = 0; first < rows; first += kEvaluationBatch) {
    const std::size_t count = std::min<std::size_t>(kEvaluationBatch, rows - first);
    body(features.subspan(first * values, count * values));
  }
}

/// Where the value of a layer's output at index i of [T, F, C] stands in [C, T, F].
std::size_t channels_first(std::size_t i, Shape output) {
  const auto channels = static_cast<std::size_t>(output.channels);
  const std::size_t positions = static_cast<std::size_t>(output.elements()) / channels;
  return i % channels * positions + i / channels;
}

}  // namespace

std::vector<float> run_float(const Graph& graph, const Weights& weights, std::span<const std::int8_t> features) {
  use_plain_threads(1);  // a trial is one thread
  const auto net = float_module().folded(graph, weights);
  std::vector<float> logits;
  in_batches(graph, features, [&](std::span<const std::int8_t> input) {
    const std::vector<float> batch = net->logits(input, {});
    logits.insert(logits.end(), batch.begin(), batch.end());
  });
  return logits;
}

void observe_float(const Graph& graph, const Weights& weights, std::span<const std::int8_t> features,
                   const FloatNetwork::Observer& observer) {
  use_plain_threads(1);  // a trial is one thread
  const auto net = float_module().folded(graph, weights);
  in_batches(graph, features, [&](std::span<const std::int8_t> input) { net->logits(input, observer); });
}

Ranges calibrate(const Graph& graph, const Weights& weights, std::span<const std::int8_t> features) {
  std::map<std::string, RangeSample> samples;
  observe_float(graph, weights, features,
                [&](const Layer& layer, std::span<const float> output) { samples[layer.name].add(output); });
  Ranges ranges;
  for (const auto& [name, sample] : samples) ranges[name] = sample.best_range();
  return ranges;
}

std::vector<LayerLoss> layer_losses(const Graph& graph, const Weights& weights, const Int8Model& int8,
                                    std::span<const std::int8_t> features) {
  use_plain_threads(1);  // a trial is one thread
  const auto net = float_module().folded(graph, weights);
  const Int8Engine engine(int8);
  struct Sums {
    double signal = 0.0, noise = 0.0;
    std::size_t clipped = 0, values = 0;
  };
  std::vector<Sums> sums(int8.layers.size());
  const auto values = static_cast<std::size_t>(graph.input().elements());
  const auto classes = static_cast<std::size_t>(int8.classes());
  in_batches(graph, features, [&](std::span<const std::int8_t> input) {
    std::vector<std::vector<float>> expected;  // [layers][clips, C, T, F]
    net->logits(input, [&](const Layer&, std::span<const float> output) {
      expected.emplace_back(output.begin(), output.end());
    });
    const std::size_t clips = input.size() / values;
    std::vector<std::int8_t> logits(clips * classes);
    std::size_t begun = 0;  // clips
    const auto observe = [&](std::size_t layer, std::span<const std::int8_t> output) {
      begun += layer == 0 ? 1 : 0;
      const std::size_t clip = begun - 1;
      const Int8Layer& l = int8.layers[layer];
      const float* want = expected[layer].data() + clip * output.size();
      for (std::size_t i = 0; i < output.size(); ++i) {
        const float wanted = want[channels_first(i, l.layer.output)];
        const double error = wanted - l.output.scale * (output[i] - l.output.zero_point);
        sums[layer].signal += static_cast<double>(wanted) * wanted;
        sums[layer].noise += error * error;
        // Where the lower end stands for zero, it is what a ReLU makes.
        const bool lowest = output[i] == -128 && l.output.zero_point != -128;
        sums[layer].clipped += output[i] == 127 || lowest ? 1U : 0U;
      }
      sums[layer].values += output.size();
    };
    engine.run(input, logits, observe);
  });
  std::vector<LayerLoss> losses;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const Int8Layer& l = int8.layers[i];
    losses.push_back({.layer = l.layer.name,
                      .op = std::string(op_name(l.layer.op)),
                      .output = l.output,
                      .snr_db = 10.0 * std::log10(std::max(sums[i].signal, 1e-30) / std::max(sums[i].noise, 1e-30)),
                      .clipped = static_cast<double>(sums[i].clipped) /
                                 static_cast<double>(std::max<std::size_t>(sums[i].values, 1))});
  }
  return losses;
}

template <class Value>
std::vector<unsigned char> recognised(std::span<const Value> logits, std::span<const int> labels) {
  std::vector<unsigned char> right(labels.size());
  const std::size_t classes = logits.size() / std::max<std::size_t>(labels.size(), 1);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.subspan(i * classes, classes);
    right[i] = std::max_element(row.begin(), row.end()) - row.begin() == labels[i] ? 1 : 0;
  }
  return right;
}
template std::vector<unsigned char> recognised<float>(std::span<const float>, std::span<const int>);
template std::vector<unsigned char> recognised<std::int8_t>(std::span<const std::int8_t>, std::span<const int>);

template <class Value>
double accuracy(std::span<const Value> logits, std::span<const int> labels) {
  if (labels.empty()) return 0.0;
  const std::vector<unsigned char> right = recognised(logits, labels);
  return static_cast<double>(std::ranges::count(right, 1)) / static_cast<double>(labels.size());
}
template double accuracy<float>(std::span<const float>, std::span<const int>);
template double accuracy<std::int8_t>(std::span<const std::int8_t>, std::span<const int>);

}  // namespace kws
