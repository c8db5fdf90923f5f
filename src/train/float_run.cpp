#include "kws/train/float_run.h"

#include <algorithm>
#include <cmath>

#include "float_net.h"
#include "kws/quant/int8_engine.h"
#include "kws/train/plain_net.h"
#include "ranges.h"

namespace kws {

namespace {

constexpr int kEvaluationBatch = 256;

std::vector<float> copy_of(const torch::Tensor& tensor) {
  const auto* data = tensor.data_ptr<float>();
  return {data, data + tensor.numel()};
}

/// Calls `body(batch of the input, index of its first row)` for rows of `features` in order.
template <class Body>
void in_batches(const Graph& graph, std::span<const std::int8_t> features, const Body& body) {
  const auto values = static_cast<std::size_t>(graph.input().elements());
  const std::size_t rows = features.size() / values;
  for (std::size_t first = 0; first < rows; first += kEvaluationBatch) {
    const std::size_t count = std::min<std::size_t>(kEvaluationBatch, rows - first);
    body(to_input(features.subspan(first * values, count * values), graph.input()), first);
  }
}

std::vector<float> logits_of(FloatNet& net, const Graph& graph, std::span<const std::int8_t> features) {
  const torch::NoGradGuard no_grad;
  std::vector<float> logits;
  in_batches(graph, features, [&](const torch::Tensor& input, std::size_t) {
    const std::vector<float> batch = copy_of(net.forward(input, false).contiguous());
    logits.insert(logits.end(), batch.begin(), batch.end());
  });
  return logits;
}

}  // namespace

std::vector<float> run_float(const Graph& graph, const Weights& weights, std::span<const std::int8_t> features) {
  use_plain_threads(1);  // a trial is one thread
  FloatNet net(graph, weights);
  return logits_of(net, graph, features);
}

Ranges calibrate(const Graph& graph, const Weights& weights, std::span<const std::int8_t> features) {
  use_plain_threads(1);  // a trial is one thread
  const torch::NoGradGuard no_grad;
  FloatNet net(graph, weights);
  std::map<std::string, RangeSample> samples;
  in_batches(graph, features, [&](const torch::Tensor& input, std::size_t) {
    net.forward(input, false, [&](const Layer& layer, const torch::Tensor& output) {
      samples[layer.name].add(copy_of(output.contiguous()));
    });
  });
  Ranges ranges;
  for (const auto& [name, sample] : samples) ranges[name] = sample.best_range();
  return ranges;
}

std::vector<LayerLoss> layer_losses(const Graph& graph, const Weights& weights, const Int8Model& int8,
                                    std::span<const std::int8_t> features) {
  use_plain_threads(1);  // a trial is one thread
  const torch::NoGradGuard no_grad;
  FloatNet net(graph, weights);
  const Int8Engine engine(int8);
  struct Sums {
    double signal = 0.0, noise = 0.0;
    std::size_t clipped = 0, values = 0;
  };
  std::vector<Sums> sums(int8.layers.size());
  const auto values = static_cast<std::size_t>(graph.input().elements());
  const auto classes = static_cast<std::size_t>(int8.classes());
  in_batches(graph, features, [&](const torch::Tensor& input, std::size_t first) {
    std::vector<std::vector<float>> expected;  // [layers][clips, T, F, C]
    net.forward(input, false, [&](const Layer&, const torch::Tensor& output) {
      expected.push_back(copy_of(output.permute({0, 2, 3, 1}).contiguous()));
    });
    const auto clips = static_cast<std::size_t>(input.size(0));
    std::vector<std::int8_t> logits(clips * classes);
    std::size_t begun = 0;  // clips
    const auto observe = [&](std::size_t layer, std::span<const std::int8_t> output) {
      begun += layer == 0 ? 1 : 0;
      const std::size_t clip = begun - 1;
      const Int8Layer& l = int8.layers[layer];
      const float* want = expected[layer].data() + clip * output.size();
      for (std::size_t i = 0; i < output.size(); ++i) {
        const double error = want[i] - l.output.scale * (output[i] - l.output.zero_point);
        sums[layer].signal += static_cast<double>(want[i]) * want[i];
        sums[layer].noise += error * error;
        // Where the lower end stands for zero, it is what a ReLU makes.
        const bool lowest = output[i] == -128 && l.output.zero_point != -128;
        sums[layer].clipped += output[i] == 127 || lowest ? 1U : 0U;
      }
      sums[layer].values += output.size();
    };
    engine.run(features.subspan(first * values, clips * values), logits, observe);
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
double accuracy(std::span<const Value> logits, std::span<const int> labels) {
  if (labels.empty()) return 0.0;
  const std::size_t classes = logits.size() / labels.size();
  std::size_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.subspan(i * classes, classes);
    const auto best = std::max_element(row.begin(), row.end()) - row.begin();
    if (best == labels[i]) ++right;
  }
  return static_cast<double>(right) / static_cast<double>(labels.size());
}
template double accuracy<float>(std::span<const float>, std::span<const int>);
template double accuracy<std::int8_t>(std::span<const std::int8_t>, std::span<const int>);

}  // namespace kws
