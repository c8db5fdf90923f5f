#include <algorithm>
#include <cassert>
#include <cstdint>
#include <span>
#include <vector>

#include "kws/quant/int8_model.h"
#include "layer_runner.h"

namespace kws {

void run_int8(const Int8Model& model, std::span<const std::int8_t> features, std::span<std::int8_t> logits,
              const LayerObserver& each_layer) {
  const auto inputs = static_cast<std::size_t>(model.input.elements());
  const auto classes = static_cast<std::size_t>(model.classes());
  const std::size_t clips = features.size() / inputs;
  assert(features.size() == clips * inputs && logits.size() == clips * classes);

  std::vector<LayerRunner> runners;
  std::size_t largest = inputs;
  for (const Int8Layer& layer : model.layers) {
    runners.emplace_back(layer);
    largest = std::max(largest, static_cast<std::size_t>(layer.layer.output.elements()));
  }
  std::vector<std::int8_t> in(largest), out(largest);
  for (std::size_t clip = 0; clip < clips; ++clip) {
    std::copy_n(features.data() + clip * inputs, inputs, in.begin());
    for (LayerRunner& runner : runners) {
      runner.run(in.data(), out.data());
      in.swap(out);
      if (each_layer) each_layer(std::span(in).first(runner.outputs()));
    }
    std::copy_n(in.begin(), classes, logits.data() + clip * classes);
  }
}

}  // namespace kws
