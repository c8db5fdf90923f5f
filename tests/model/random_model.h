#pragma once

#include <string>
#include <vector>

#include "export/random_models.h"
#include "kws/core/options.h"
#include "kws/core/rng.h"
#include "kws/model/model.h"

namespace kws::test {

/// A small design of one GRU over ten coefficients, or of another network.
inline Design small_design(const std::string& network = R"({"type":"gru","layers":1,"cells":8})") {
  return design_from_json(Json::parse(R"({"schema":"kwsmith.design/1","name":"small",
      "features":{"kind":"mfcc","coefficients":10,"window_ms":40,"stride_ms":40,"mel_bins":40,"low_hz":20,
                  "high_hz":4000},
      "network":)" + network + R"(,"classes":4})"),
                          "test");
}

/// A model of random numbers that keeps every rule of a model folder; nothing is trained.
inline Model random_model(const Design& design, std::uint64_t seed = 1) {
  Rng rng({seed, 5});
  Model model;
  model.design = design;
  model.labels = {"_silence_", "_unknown_"};
  while (static_cast<int>(model.labels.size()) < design.classes) {
    model.labels.push_back("word" + std::to_string(model.labels.size()));
  }
  for (int i = 0; i < design.features.coefficients; ++i) {
    model.normalisation.mean.push_back(static_cast<float>(rng.uniform(-9.0, 9.0)));
    model.normalisation.deviation.push_back(static_cast<float>(rng.uniform(0.5, 3.0)));
  }
  const Graph graph = build_graph(design);
  for (const Layer& layer : graph.layers()) {
    for (const ParameterSpec& spec : parameters_of(layer)) {
      std::vector<float> data(static_cast<std::size_t>(spec.elements()));
      for (float& value : data) value = static_cast<float>(rng.uniform(-1.0, 1.0));
      model.weights[layer.name + "/" + spec.name] = {spec.shape, std::move(data)};
    }
  }
  model.int8 = RandomModels(seed).model(graph);
  model.metrics.epochs = 3;
  model.metrics.best_epoch = 2;
  model.metrics.loss = 0.5;
  model.metrics.float_validation = 0.75;
  model.metrics.int8_validation = 0.5;
  model.metrics.detector_threshold = 0.5;
  model.data_fingerprint = std::string(64, 'a');
  model.golden.assign(2, std::vector<std::int8_t>(static_cast<std::size_t>(graph.input().elements()), 3));
  return model;
}

}  // namespace kws::test
