#include "kws/model/model.h"

#include <cstring>

#include "kws/core/files.h"
#include "kws/core/options.h"

namespace kws {
namespace fs = std::filesystem;

namespace {

constexpr const char* kSchema = "kwsmith.model/1";
constexpr const char* kModel = "model.json";
constexpr const char* kWeights = "weights.bin";
constexpr const char* kInt8 = "model.int8.json";

Json metrics_to_json(const ModelMetrics& m) {
  Json json = {{"epochs", m.epochs},
               {"best_epoch", m.best_epoch},
               {"loss", m.loss},
               {"float_validation", m.float_validation},
               {"int8_validation", m.int8_validation}};
  if (m.float_test) json["float_test"] = *m.float_test;
  if (m.int8_test) json["int8_test"] = *m.int8_test;
  if (m.detector_threshold) json["detector_threshold"] = *m.detector_threshold;
  return json;
}

ModelMetrics metrics_from_json(const Json& json) {
  ModelMetrics m;
  m.epochs = json.at("epochs");
  m.best_epoch = json.at("best_epoch");
  m.loss = json.at("loss");
  m.float_validation = json.at("float_validation");
  m.int8_validation = json.at("int8_validation");
  if (json.contains("float_test")) m.float_test = json["float_test"].get<double>();
  if (json.contains("int8_test")) m.int8_test = json["int8_test"].get<double>();
  if (json.contains("detector_threshold")) m.detector_threshold = json["detector_threshold"].get<double>();
  return m;
}

std::string weights_to_bytes(const Graph& graph, const Weights& weights) {
  Json index = Json::array();
  std::string values;
  for (const Layer& layer : graph.layers()) {
    for (const ParameterSpec& spec : parameters_of(layer)) {
      const std::string name = layer.name + "/" + spec.name;
      const std::vector<float>& data = weights.at(name).data;
      index.push_back({{"name", name}, {"shape", spec.shape}});
      values.append(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(float));
    }
  }
  return index.dump() + "\n" + values;
}

Weights weights_from_bytes(const Graph& graph, const std::string& bytes, const std::string& origin) {
  const Error damaged(origin + ": does not hold this design's weights; train or copy the model again");
  const std::size_t line = bytes.find('\n');
  if (line == std::string::npos) throw damaged;
  std::size_t at = line + 1;
  Weights weights;
  for (const Layer& layer : graph.layers()) {
    for (const ParameterSpec& spec : parameters_of(layer)) {
      std::vector<float> data(static_cast<std::size_t>(spec.elements()));
      const std::size_t size = data.size() * sizeof(float);
      if (bytes.size() - at < size) throw damaged;
      std::memcpy(data.data(), bytes.data() + at, size);
      at += size;
      weights[layer.name + "/" + spec.name] = {spec.shape, std::move(data)};
    }
  }
  if (at != bytes.size()) throw damaged;
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

Json parsed(const std::string& text, const std::string& origin) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) throw Error(origin + ": not JSON; train or copy the model again");
  return json;
}

}  // namespace

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
  return {{kModel, json.dump(1) + "\n"},
          {kWeights, weights_to_bytes(build_graph(model.design), model.weights)},
          {kInt8, int8_to_json(model.int8).dump() + "\n"}};
}

Model model_from_files(const std::map<std::string, std::string>& files, const std::string& origin) {
  const std::string where = origin + "/" + kModel;
  const Json json = parsed(file_of(files, kModel, origin), where);
  if (json.value("schema", "") != kSchema) {
    throw Error(where + ": schema is not " + kSchema + "; made by another version of kwsmith?", Exit::usage);
  }
  try {
    Model model;
    model.design = design_from_json(json.at("design"), where);
    model.labels = json.at("labels").get<std::vector<std::string>>();
    model.normalisation.mean = json.at("normalisation").at("mean").get<std::vector<float>>();
    model.normalisation.deviation = json.at("normalisation").at("deviation").get<std::vector<float>>();
    read_options(json.at("training"), model.training, where, "training");
    model.metrics = metrics_from_json(json.at("metrics"));
    model.data_fingerprint = json.at("data_sha256");
    model.golden = json.at("golden").get<std::vector<std::vector<std::int8_t>>>();
    const Graph graph = build_graph(model.design);
    model.weights = weights_from_bytes(graph, file_of(files, kWeights, origin), origin + "/" + kWeights);
    model.int8 =
        int8_from_json(parsed(file_of(files, kInt8, origin), origin + "/" + kInt8), graph, origin + "/" + kInt8);
    return model;
  } catch (const Json::exception& e) {
    throw Error(where + ": " + e.what() + "; train or copy the model again");
  }
}

void save_model(const Model& model, const fs::path& folder) {
  write_folder(folder, true, [&](const fs::path& staging) {
    for (const auto& [name, content] : model_files(model)) write_file(staging / name, content);
  });
}

Model load_model(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw Error(folder.string() + ": no such model folder", Exit::usage);
  std::map<std::string, std::string> files;
  for (const char* name : {kModel, kWeights, kInt8}) {
    if (fs::exists(folder / name)) files[name] = read_file(folder / name);
  }
  return model_from_files(files, folder.string());
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

Model unpack_model(const std::string& bytes) {
  const std::size_t line = bytes.find('\n');
  std::map<std::string, std::string> files;
  std::size_t at = line + 1;
  for (const Json& entry : parsed(bytes.substr(0, line), "stored model")) {
    const std::size_t size = entry.at("bytes");
    files[entry.at("name")] = bytes.substr(at, size);
    at += size;
  }
  return model_from_files(files, "stored model");
}

}  // namespace kws
