#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "kws/core/error.h"
#include "kws/features/front_end.h"
#include "kws/quant/int8_model.h"

namespace kws {

using Json = nlohmann::ordered_json;

static const char* const kSchema = "kwsmith.int8/1";

// model.int8.json
//   {"schema": "kwsmith.int8/1", "layers": [LAYER...]}          one per layer of the design's graph, in its order
//   LAYER = {"name", "op", "output": {"scale", "zero_point"}, "activation_min", and what the op has of
//            "main": {"weight", "bias", "multiplier", "shift"}    avg_pool2d: multiplier and shift alone
//            "recurrent", "projection", "peephole": {"weight", "multiplier", "shift"}}
// A layer's input scale is the output scale before it, so it is not repeated.

static Json product_json(const Int8Product& product, bool with_bias) {
  Json json = Json::object();
  if (!product.weight.empty()) json["weight"] = product.weight;
  if (with_bias && !product.bias.empty()) json["bias"] = product.bias;
  json["multiplier"] = product.multiplier;
  json["shift"] = product.shift;
  return json;
}

Json int8_to_json(const Int8Model& model) {
  Json layers = Json::array();
  for (const Int8Layer& layer : model.layers) {
    Json json = {{"name", layer.layer.name},
                 {"op", op_name(layer.layer.op)},
                 {"output", {{"scale", layer.output.scale}, {"zero_point", layer.output.zero_point}}},
                 {"activation_min", layer.activation_min},
                 {"main", product_json(layer.main, true)}};
    if (!layer.recurrent.weight.empty()) json["recurrent"] = product_json(layer.recurrent, false);
    if (!layer.projection.weight.empty()) json["projection"] = product_json(layer.projection, false);
    if (!layer.peephole.empty()) {
      json["peephole"] = {
          {"weight", layer.peephole}, {"multiplier", layer.peephole_multiplier}, {"shift", layer.peephole_shift}};
    }
    layers.push_back(std::move(json));
  }
  return {{"schema", kSchema}, {"layers", std::move(layers)}};
}

namespace {

/// Reads one JSON object; every complaint names the file and the path of the field.
class Reader {
 public:
  Reader(const Json& json, std::string origin, std::string path)
      : json_(json), origin_(std::move(origin)), path_(std::move(path)) {
    if (!json_.is_object()) fail("", "is not an object");
  }

  [[noreturn]] void fail(const std::string& field, const std::string& fact) const {
    const std::string where = at(field);
    throw Error(origin_ + ": " + (where.empty() ? "" : where + ": ") + fact +
                "; make the model again with kwsmith train");
  }

  const Json& get(const char* name) const {
    const auto found = json_.find(name);
    if (found == json_.end()) fail(name, "is missing");
    return *found;
  }

  Reader child(const char* name) const { return {get(name), origin_, at(name)}; }

  std::string text(const char* name) const {
    const Json& value = get(name);
    if (!value.is_string()) fail(name, "is not a string");
    return value.get<std::string>();
  }

  int integer(const char* name, std::int64_t low, std::int64_t high) const {
    return static_cast<int>(checked(get(name), name, low, high));
  }

  double scale(const char* name) const {
    const Json& value = get(name);
    if (!value.is_number() || !(value.get<double>() > 0.0) || !std::isfinite(value.get<double>())) {
      fail(name, "is not a positive number");
    }
    return value.get<double>();
  }

  template <class Integer>
  std::vector<Integer> integers(const char* name, std::int64_t count, std::int64_t low, std::int64_t high) const {
    const Json& values = get(name);
    const std::size_t found = values.is_array() ? values.size() : 0;
    if (found != static_cast<std::size_t>(count)) {
      fail(name, "has " + std::to_string(found) + " values, the design needs " + std::to_string(count));
    }
    std::vector<Integer> result;
    result.reserve(found);
    for (const Json& value : values) result.push_back(static_cast<Integer>(checked(value, name, low, high)));
    return result;
  }

 private:
  std::int64_t checked(const Json& value, const char* name, std::int64_t low, std::int64_t high) const {
    // An unsigned above 2^63 would turn negative, but then it is no value of ours either way.
    const bool inside =
        value.is_number_integer() && value.get<std::int64_t>() >= low && value.get<std::int64_t>() <= high;
    if (!inside) {
      fail(name, value.dump() + " is not an integer in " + std::to_string(low) + ".." + std::to_string(high));
    }
    return value.get<std::int64_t>();
  }

  std::string at(const std::string& field) const {
    return path_.empty() || field.empty() ? path_ + field : path_ + "." + field;
  }

  const Json& json_;
  std::string origin_, path_;
};

/// Multipliers and shifts of one product.
void read_scaling(const Reader& reader, std::int64_t rows, std::vector<std::int32_t>& multiplier,
                  std::vector<std::int8_t>& shift) {
  multiplier = reader.integers<std::int32_t>("multiplier", rows, 0, INT32_MAX);
  shift = reader.integers<std::int8_t>("shift", rows, -31, 30);
}

/// Kernels round in 32 bit: no input may bring an accumulator, shifted to the left, to 2^30.
///   columns  depthwise weights: a row's weights lie `rows` apart
void check_headroom(const Reader& reader, const Int8Product& product, bool columns) {
  const std::size_t rows = product.multiplier.size();
  const std::size_t length = product.weight.size() / rows;
  for (std::size_t r = 0; r < rows; ++r) {
    std::int64_t worst = std::abs(std::int64_t{product.bias[r]});
    for (std::size_t j = 0; j < length; ++j) {
      worst += 128 * std::abs(product.weight[columns ? j * rows + r : r * length + j]);
    }
    if (worst >= (std::int64_t{1} << 30) >> std::max<int>(product.shift[r], 0)) {
      reader.fail("", "row " + std::to_string(r) + " can leave the 31 bits that kernels compute in");
    }
  }
}

/// Fills the parts of a layer that its parameters call for.
void read_parameter(const ParameterSpec& spec, const Reader& reader, Int8Layer& layer) {
  const auto product = [&](const char* name, int rows, bool with_bias) {
    const Reader inner = reader.child(name);
    Int8Product result;
    result.weight = inner.integers<std::int8_t>("weight", spec.elements(), -128, 127);
    if (with_bias) {
      result.bias = inner.integers<std::int32_t>("bias", rows, INT32_MIN, INT32_MAX);
    } else {
      result.bias.assign(static_cast<std::size_t>(rows), 0);
    }
    read_scaling(inner, rows, result.multiplier, result.shift);
    check_headroom(inner, result, std::holds_alternative<Depthwise2d>(layer.layer.op));
    return result;
  };
  if (spec.name == "weight") {
    const bool columns = std::holds_alternative<Depthwise2d>(layer.layer.op);
    layer.main = product("main", columns ? spec.shape.back() : spec.shape.front(), true);
  } else if (spec.name == "recurrent_weight") {
    layer.recurrent = product("recurrent", spec.shape.front(), false);
  } else if (spec.name == "projection_weight") {
    layer.projection = product("projection", spec.shape.front(), false);
  } else if (spec.name == "peephole") {
    const Reader inner = reader.child("peephole");
    layer.peephole = inner.integers<std::int8_t>("weight", spec.elements(), -128, 127);
    read_scaling(inner, spec.shape.front(), layer.peephole_multiplier, layer.peephole_shift);
  }
}

}  // namespace

Int8Model int8_from_json(const Json& json, const Graph& graph, const std::string& origin) {
  const Reader root(json, origin, "");
  if (const std::string schema = root.text("schema"); schema != kSchema) {
    root.fail("schema", "is \"" + schema + "\", this version reads \"" + kSchema + "\"");
  }
  const Json& layers = root.get("layers");
  if (!layers.is_array() || layers.size() != graph.layers().size()) {
    root.fail("layers", "has " + std::to_string(layers.size()) + " layers, the design has " +
                            std::to_string(graph.layers().size()));
  }
  Int8Model model{.input = graph.input(), .layers = {}};
  Quant quant{.scale = static_cast<double>(kFeatureScale), .zero_point = 0};
  for (std::size_t i = 0; i < graph.layers().size(); ++i) {
    Int8Layer layer;
    layer.layer = graph.layers()[i];
    const std::string op(op_name(layer.layer.op));
    const Reader reader(layers[i], origin, "layers[" + std::to_string(i) + "]");
    if (reader.text("name") != layer.layer.name || reader.text("op") != op) {
      reader.fail("", "is " + reader.text("op") + " \"" + reader.text("name") + "\", the design has " + op + " \"" +
                          layer.layer.name + "\"");
    }
    layer.input = quant;
    const Reader output = reader.child("output");
    layer.output = {.scale = output.scale("scale"), .zero_point = output.integer("zero_point", -128, 127)};
    layer.activation_min = reader.integer("activation_min", -128, 127);
    for (const ParameterSpec& spec : parameters_of(layer.layer)) read_parameter(spec, reader, layer);
    if (std::holds_alternative<AvgPool2d>(layer.layer.op)) {
      read_scaling(reader.child("main"), 1, layer.main.multiplier, layer.main.shift);
    }
    quant = layer.output;
    model.layers.push_back(std::move(layer));
  }
  return model;
}

}  // namespace kws
