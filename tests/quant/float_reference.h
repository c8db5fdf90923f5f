#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <variant>
#include <vector>

#include "kws/graph/graph.h"
#include "kws/quant/int8_model.h"

namespace kws::testing {

using Values = std::vector<double>;

/// What every op means, in double precision and in the plainest loops: the oracle of the integer engine.
class FloatReference {
 public:
  FloatReference(const Graph& graph, const Weights& weights) : graph_(graph), weights_(weights) {}

  /// One clip; widens `ranges` by every layer's output. ReLU is applied where the op says so.
  Values run(const Values& input, Ranges& ranges) const {
    std::vector<Values> tensors = {input};
    for (const Layer& layer : graph_.layers()) {
      const Values& first = tensors[static_cast<std::size_t>(layer.inputs.front())];
      const Values& second = tensors[static_cast<std::size_t>(layer.inputs.back())];
      Values x;
      if (const auto* add = std::get_if<Add>(&layer.op)) {
        x = sum(*add, layer, first, second);
      } else {
        x = std::visit([&](const auto& op) { return apply(op, layer, first); }, layer.op);
      }
      Range& range = ranges[layer.name];
      range.low = std::min(range.low, static_cast<float>(*std::min_element(x.begin(), x.end())));
      range.high = std::max(range.high, static_cast<float>(*std::max_element(x.begin(), x.end())));
      tensors.push_back(std::move(x));
    }
    return tensors.back();
  }

 private:
  static double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

  const float* data(const Layer& layer, const char* name) const {
    return weights_.at(layer.name + "/" + name).data.data();
  }

  /// Row `row` of a matrix of `length` columns times x.
  static double dot(const float* matrix, int row, int length, const double* x) {
    double sum = 0.0;
    for (int j = 0; j < length; ++j) sum += static_cast<double>(matrix[row * length + j]) * x[j];
    return sum;
  }

  static int bands_of(const Conv2d& /*op*/) { return 1; }
  static int bands_of(const Depthwise2d& op) { return op.bands; }

  /// Convolution and depthwise convolution: `depthwise` reads its own channel alone.
  template <class Window>
  Values window(const Window& op, const Layer& layer, const Values& x, bool depthwise) const {
    const Shape in = layer.input, out = layer.output;
    const WindowAxes axes = axes_of(layer, op);
    const int top = axes.time.before(), left = axes.freq.before();
    const float* weight = data(layer, "weight");
    const float* bias = data(layer, "bias");
    const float* scale = depthwise && bands_of(op) > 1 ? data(layer, "scale") : nullptr;
    Values y;
    for (int t = 0; t < out.time; ++t) {
      for (int f = 0; f < out.freq; ++f) {
        for (int o = 0; o < out.channels; ++o) {
          const int band = depthwise ? bands_of(op) * f / out.freq : 0;
          double sum = 0.0;
          for (int kt = 0; kt < op.kernel.time; ++kt) {
            for (int kf = 0; kf < op.kernel.freq; ++kf) {
              const int time = t * op.stride.time - top + kt * op.dilation.time;
              const int freq = f * op.stride.freq - left + kf * op.dilation.freq;
              if (time < 0 || time >= in.time || freq < 0 || freq >= in.freq) continue;
              const int tap = kt * op.kernel.freq + kf;
              const double* source = x.data() + (time * in.freq + freq) * in.channels;
              if (depthwise) {
                sum += static_cast<double>(weight[tap * in.channels + o]) * source[o];
              } else {
                sum += dot(weight, o * op.kernel.time * op.kernel.freq + tap, in.channels, source);
              }
            }
          }
          if (scale != nullptr) sum *= static_cast<double>(scale[band * out.channels + o]);
          sum += static_cast<double>(bias[band * out.channels + o]);
          y.push_back(op.relu ? std::max(0.0, sum) : sum);
        }
      }
    }
    return y;
  }

  Values apply(const Conv2d& op, const Layer& layer, const Values& x) const { return window(op, layer, x, false); }
  Values apply(const Depthwise2d& op, const Layer& layer, const Values& x) const { return window(op, layer, x, true); }

  Values apply(const AvgPool2d& op, const Layer& layer, const Values& x) const {
    const Shape in = layer.input, out = layer.output;
    Values y(static_cast<std::size_t>(out.elements()));
    for (int t = 0; t < in.time; ++t) {
      for (int f = 0; f < in.freq; ++f) {
        for (int c = 0; c < in.channels; ++c) {
          const int to = ((op.over_time ? 0 : t) * out.freq + (op.over_freq ? 0 : f)) * out.channels + c;
          y[static_cast<std::size_t>(to)] +=
              x[static_cast<std::size_t>((t * in.freq + f) * in.channels + c)] * out.elements() / in.elements();
        }
      }
    }
    return y;
  }

  static Values sum(const Add& op, const Layer& layer, const Values& a, const Values& b) {
    const Shape in = layer.input, second = layer.second;
    Values y;
    for (int t = 0; t < in.time; ++t) {
      for (int f = 0; f < in.freq; ++f) {
        for (int c = 0; c < in.channels; ++c) {
          const int from =
              ((second.time == 1 ? 0 : first_added(layer) + t) * second.freq + (second.freq == 1 ? 0 : f)) *
                  in.channels +
              c;
          const double sum = a[y.size()] + b[static_cast<std::size_t>(from)];
          y.push_back(op.relu ? std::max(0.0, sum) : sum);
        }
      }
    }
    return y;
  }
  /// Has two inputs, see sum().
  static Values apply(const Add& /*op*/, const Layer& /*layer*/, const Values& /*x*/) { return {}; }
  Values apply(const Activate& op, const Layer& /*layer*/, const Values& x) const {
    Values y;
    for (const double value : x) y.push_back(value_of(op.function, value));
    return y;
  }
  Values apply(const Dense& op, const Layer& layer, const Values& x) const {
    const float* bias = data(layer, "bias");
    Values y;
    for (int o = 0; o < op.units; ++o) {
      const double sum = static_cast<double>(bias[o]) + dot(data(layer, "weight"), o, layer.input.elements(), x.data());
      y.push_back(op.relu ? std::max(0.0, sum) : sum);
    }
    return y;
  }

  Values apply(const Gru& op, const Layer& layer, const Values& x) const {
    const int step = layer.input.step();
    const float* bias = data(layer, "bias");
    const float* weight = data(layer, "weight");
    const float* recurrent = data(layer, "recurrent_weight");
    Values h(static_cast<std::size_t>(op.cells)), y;
    for (int t = 0; t < layer.input.time; ++t) {
      const auto ax = [&](int row) {
        return static_cast<double>(bias[row]) + dot(weight, row, step, x.data() + t * step);
      };
      const auto ah = [&](int row) { return dot(recurrent, row, op.cells, h.data()); };
      Values next;
      for (int j = 0; j < op.cells; ++j) {
        const double r = sigmoid(ax(j) + ah(j));
        const double z = sigmoid(ax(op.cells + j) + ah(op.cells + j));
        const double n = std::tanh(ax(2 * op.cells + j) + r * ah(2 * op.cells + j));
        next.push_back(z * h[static_cast<std::size_t>(j)] + (1.0 - z) * n);
      }
      h = next;
      if (op.sequence) y.insert(y.end(), h.begin(), h.end());
    }
    return op.sequence ? y : h;
  }

  Values apply(const Lstm& op, const Layer& layer, const Values& x) const {
    const int step = layer.input.step(), outputs = layer.output.channels;
    const float* bias = data(layer, "bias");
    const float* weight = data(layer, "weight");
    const float* recurrent = data(layer, "recurrent_weight");
    const float* peephole = op.peepholes ? data(layer, "peephole") : nullptr;
    const float* projection = op.projection > 0 ? data(layer, "projection_weight") : nullptr;
    Values h(static_cast<std::size_t>(outputs)), c(static_cast<std::size_t>(op.cells));
    for (int t = 0; t < layer.input.time; ++t) {
      Values m;
      for (int j = 0; j < op.cells; ++j) {
        double& cell = c[static_cast<std::size_t>(j)];
        const auto gate = [&](int gate_row) {
          const int row = gate_row * op.cells + j;
          return static_cast<double>(bias[row]) + dot(weight, row, step, x.data() + t * step) +
                 dot(recurrent, row, outputs, h.data());
        };
        const auto peep = [&](int row) {
          return peephole ? static_cast<double>(peephole[row * op.cells + j]) * cell : 0.0;
        };
        const double i = sigmoid(gate(0) + peep(0)), f = sigmoid(gate(1) + peep(1));
        cell = std::clamp(f * cell + i * std::tanh(gate(2)), -8.0, 8.0);  // training clips there too
        m.push_back(sigmoid(gate(3) + peep(2)) * std::tanh(cell));
      }
      h = m;
      if (projection) {
        h.clear();
        for (int o = 0; o < op.projection; ++o) h.push_back(dot(projection, o, op.cells, m.data()));
      }
    }
    return h;
  }

  const Graph& graph_;
  const Weights& weights_;
};

}  // namespace kws::testing
