#include "kws/model/model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "kws/core/audio.h"
#include "kws/core/files.h"
#include "kws/core/options.h"
#include "kws/quant/detector.h"

namespace kws {
namespace fs = std::filesystem;

namespace {

constexpr const char* kSchema = "kwsmith.model/1";
constexpr const char* kModel = "model.json";
constexpr const char* kWeights = "weights.bin";
constexpr const char* kInt8 = "model.int8.json";

constexpr const char* kRemedy = "train or copy the model again";
constexpr std::size_t kMostGolden = 4;
constexpr double kLargest = 1e9;  ///< of losses, means and deviations

template <class Field>
void describe(Field& field, ModelMetrics& m) {
  field("epochs", m.epochs, 0, 1000000, "trained");
  field("best_epoch", m.best_epoch, 0, 1000000, "the one whose weights these are");
  field.number_or_nan("loss", m.loss, -kLargest, kLargest);
  field.number_or_nan("float_validation", m.float_validation, 0.0, 1.0);
  field.number_or_nan("int8_validation", m.int8_validation, 0.0, 1.0);
  field.optional("int8_validation_error", m.int8_validation_error, 0.0, 1.0);
  field.optional("int8_cross_entropy", m.int8_cross_entropy, 0.0, kLargest);
  field.optional("float_test", m.float_test, 0.0, 1.0);
  field.optional("int8_test", m.int8_test, 0.0, 1.0);
  field.optional("int8_test_error", m.int8_test_error, 0.0, 1.0);
  field.optional("detector_threshold", m.detector_threshold, 0.0, 1.0);
}

Json metrics_to_json(const ModelMetrics& m) {
  Json json = {{"epochs", m.epochs},
               {"best_epoch", m.best_epoch},
               {"loss", m.loss},  // NaN becomes null
               {"float_validation", m.float_validation},
               {"int8_validation", m.int8_validation}};
  if (m.int8_validation_error) json["int8_validation_error"] = *m.int8_validation_error;
  if (m.int8_cross_entropy) json["int8_cross_entropy"] = *m.int8_cross_entropy;
  if (m.float_test) json["float_test"] = *m.float_test;
  if (m.int8_test) json["int8_test"] = *m.int8_test;
  if (m.int8_test_error) json["int8_test_error"] = *m.int8_test_error;
  if (m.detector_threshold) json["detector_threshold"] = *m.detector_threshold;
  if (!m.detector_thresholds.empty()) json["detector_thresholds"] = m.detector_thresholds;
  if (m.detector_carries_state) json["detector_carries_state"] = true;
  if (m.heard) json["heard"] = options_to_json(*m.heard);
  return json;
}

Json weights_index(const Graph& graph) {
  Json index = Json::array();
  for (const Layer& layer : graph.layers()) {
    for (const ParameterSpec& spec : parameters_of(layer)) {
      index.push_back({{"name", layer.name + "/" + spec.name}, {"shape", spec.shape}});
    }
  }
  return index;
}

std::string weights_to_bytes(const Graph& graph, const Weights& weights) {
  const Json index = weights_index(graph);
  std::string values;
  for (const Json& entry : index) {
    const std::vector<float>& data = weights.at(entry["name"].get<std::string>()).data;
    values.append(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(float));
  }
  return index.dump() + "\n" + values;
}

Weights weights_from_bytes(const Graph& graph, std::string_view bytes, const std::string& origin) {
  const auto damaged = [&](const std::string& fact) { return Error(origin + ": " + fact + "; " + kRemedy); };
  const std::size_t line = bytes.find('\n');
  if (line == std::string_view::npos || bytes.substr(0, line) != weights_index(graph).dump()) {
    throw damaged("does not hold this design's weights");
  }
  bytes.remove_prefix(line + 1);
  // Before memory is taken: a design may ask for any amount.
  std::uint64_t expected = 0;
  for (const Layer& layer : graph.layers()) {
    for (const ParameterSpec& spec : parameters_of(layer)) {
      expected += static_cast<std::uint64_t>(spec.elements()) * sizeof(float);
    }
  }
  if (bytes.size() != expected) {
    throw damaged("holds " + std::to_string(bytes.size()) + " bytes of weights, the design has " +
                  std::to_string(expected));
  }
  Weights weights;
  for (const Layer& layer : graph.layers()) {
    for (const ParameterSpec& spec : parameters_of(layer)) {
      const std::string name = layer.name + "/" + spec.name;
      std::vector<float> data(static_cast<std::size_t>(spec.elements()));
      std::memcpy(data.data(), bytes.data(), data.size() * sizeof(float));
      bytes.remove_prefix(data.size() * sizeof(float));
      if (!std::ranges::all_of(data, [](float value) { return std::isfinite(value); })) {
        throw damaged(name + " holds a value that is no number");
      }
      weights[name] = {spec.shape, std::move(data)};
    }
  }
  return weights;
}

const std::string& file_of(const std::map<std::string, std::string>& files, const char* name,
                           const std::string& origin) {
  const auto found = files.find(name);
  if (found == files.end()) {
    throw Error(origin + ": has no " + name + "; give a model folder that kwsmith train or search wrote", Exit::usage);
  }
  return found->second;
}

/// model.json, held against its own design: nothing later looks at a length again.
Model model_from_json(const Json& json, const std::string& where) {
  JsonReader reader(json, {where, kRemedy, Exit::failed}, "", Missing::error);
  std::string schema = kSchema;
  reader.choice("schema", schema, {kSchema}, "format of this file");
  Model model;
  model.design = design_from_json(reader.value("design"), where);
  const auto classes = static_cast<std::size_t>(model.design.classes);
  reader.texts("labels", model.labels, classes, classes);
  JsonReader normalisation = reader.part("normalisation");
  const auto coefficients = static_cast<std::size_t>(model.design.features.coefficients);
  constexpr auto kMost = static_cast<float>(kLargest);
  normalisation.numbers("mean", model.normalisation.mean, coefficients, -kMost, kMost);
  normalisation.numbers("deviation", model.normalisation.deviation, coefficients, 1e-9F, kMost);
  normalisation.finish();
  read_options(reader.value("training"), model.training, where, "training");
  JsonReader metrics = reader.part("metrics");
  describe(metrics, model.metrics);
  metrics.optional_numbers("detector_thresholds", model.metrics.detector_thresholds, model.labels.size(), 0.0, 1.0);
  metrics.later("detector_carries_state", model.metrics.detector_carries_state, "how thresholds were found");
  metrics.optional("heard", model.metrics.heard);
  metrics.finish();
  reader("data_sha256", model.data_fingerprint, "of the dataset it was trained on");
  const auto values = static_cast<std::size_t>(build_graph(model.design).input().elements());
  reader.rows("golden", model.golden, kMostGolden, values, std::int8_t{-128}, std::int8_t{127});
  reader.finish();
  for (std::size_t i = 0; i < model.labels.size(); ++i) {
    const bool keyword = i >= kFirstKeyword;  // the others are silence and the unknown
    if (is_keyword(model.labels[i]) != keyword) {
      reader.fail("labels", "\"" + model.labels[i] + "\" is " + (keyword ? "no" : "a") + " keyword");
    }
    if (std::find(model.labels.begin(), model.labels.begin() + static_cast<std::ptrdiff_t>(i), model.labels[i]) !=
        model.labels.begin() + static_cast<std::ptrdiff_t>(i)) {
      reader.fail("labels", "\"" + model.labels[i] + "\" stands there twice");
    }
  }
  return model;
}

}  // namespace

std::vector<std::string> keywords_of(const Model& model) {
  return {model.labels.begin() + kFirstKeyword, model.labels.end()};
}

std::map<std::string, std::string> model_files(const Model& model) {
  const Json json = {
      {"schema", kSchema},
      {"design", design_to_json(model.design)},
      {"labels", model.labels},
      {"normalisation", {{"mean", model.normalisation.mean}, {"deviation", model.normalisation.deviation}}},
      {"training", options_to_json(model.training)},
      {"metrics", metrics_to_json(model.metrics)},
      {"data_sha256", model.data_fingerprint},
      {"golden", model.golden}};
  return {{kModel, text_of(json, 1) + "\n"},
          {kWeights, weights_to_bytes(build_graph(model.design), model.weights)},
          {kInt8, int8_to_json(model.int8).dump() + "\n"}};
}

Model model_from_files(const std::map<std::string, std::string>& files, const std::string& origin) {
  const std::string where = origin + "/" + kModel;
  const std::string int8 = origin + "/" + kInt8;
  // A folder without these is no model; one in which they are wrong is a damaged one.
  const std::string& model_text = file_of(files, kModel, origin);
  const std::string& weights = file_of(files, kWeights, origin);
  const std::string& int8_text = file_of(files, kInt8, origin);
  try {
    Model model = model_from_json(parse_json(model_text, where), where);
    const Graph graph = build_graph(model.design);
    model.weights = weights_from_bytes(graph, weights, origin + "/" + kWeights);
    model.int8 = int8_from_json(parse_json(int8_text, int8), graph, int8);
    return model;
  } catch (const Error& error) {
    throw Error(error.what(), Exit::failed);
  }
}

void save_model(const Model& model, const fs::path& folder) {
  const std::map<std::string, std::string> files = model_files(model);
  if (fs::exists(folder)) {
    // What else lies there is not ours. model.json comes last: it tells of the others.
    for (const char* name : {kWeights, kInt8, kModel}) write_file(folder / name, files.at(name));
    return;
  }
  write_folder(folder, FolderKind::model, false, [&](const fs::path& staging) {
    for (const auto& [name, content] : files) write_file(staging / name, content);
  });
}

void save_metrics(const Model& model, const fs::path& folder) {
  write_file(folder / kModel, model_files(model).at(kModel));
}

Model load_model(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw Error(folder.string() + ": no such model folder", Exit::usage);
  std::map<std::string, std::string> files;
  for (const char* name : {kModel, kWeights, kInt8}) {
    if (fs::exists(folder / name)) files[name] = read_file(folder / name);
  }
  return model_from_files(files, folder.string());
}

Model model_without_weights(const fs::path& folder) {
  const std::string where = (folder / kModel).string();
  const std::string text = read_file(where);
  try {
    return model_from_json(parse_json(text, where), where);
  } catch (const Error& error) {
    throw Error(error.what(), Exit::failed);
  }
}

std::string pack_model(const Model& model) {
  Json index = Json::array();
  std::string contents;
  for (const auto& [name, content] : model_files(model)) {
    index.push_back({{"name", name}, {"bytes", content.size()}});
    contents += content;
  }
  return index.dump() + "\n" + contents;
}

Model unpack_model(const std::string& bytes, const std::string& origin) {
  const Origin store(origin, "its study is damaged; use another --study", Exit::store);
  const std::size_t line = std::min(bytes.find('\n'), bytes.size());
  const Json index = parse_json(std::string_view(bytes).substr(0, line), store);
  std::map<std::string, std::string> files;
  std::size_t at = std::min(line + 1, bytes.size());
  for (const Json& entry : index.is_array() ? index : Json::array({index})) {
    JsonReader reader(entry, store, "", Missing::error);
    std::string name;
    std::uint64_t size = 0;
    reader("name", name, "of a file");
    reader("bytes", size, 0, static_cast<std::int64_t>(bytes.size() - at), "its size");
    reader.finish();
    files[name] = bytes.substr(at, size);
    at += size;
  }
  return model_from_files(files, origin);
}

}  // namespace kws
