#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

#include "kws/core/error.h"
#include "kws/core/options.h"
#include "kws/core/text.h"
#include "kws/quant/int8_model.h"

namespace kws {

static const char* const kSchema = "kwsmith.int8/1";

// model.int8.json
//   {"schema": "kwsmith.int8/1", "layers": [LAYER...]}          one per layer of the design's graph, in its order
//   LAYER = {"name", "op", "output": {"scale", "zero_point"}, "activation_min", and what the op has of
//            "main": {"weight", "bias", "multiplier", "shift"}    avg_pool2d: multiplier and shift alone
//            "recurrent", "projection", "peephole": {"weight", "multiplier", "shift"}
//            "addend": {"factors": [2], "shift"}                  add
//            "table": [256]}                                      relu, swish, ...
// A layer's input scale is the output scale of the layer that it reads, so it is not repeated.

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
                 {"activation_min", layer.activation_min}};
    if (!layer.main.multiplier.empty()) json["main"] = product_json(layer.main, true);
    if (!layer.recurrent.weight.empty()) json["recurrent"] = product_json(layer.recurrent, false);
    if (!layer.projection.weight.empty()) json["projection"] = product_json(layer.projection, false);
    if (!layer.peephole.empty()) {
      json["peephole"] = {
          {"weight", layer.peephole}, {"multiplier", layer.peephole_multiplier}, {"shift", layer.peephole_shift}};
    }
    if (std::holds_alternative<Add>(layer.layer.op)) {
      json["addend"] = {{"factors", layer.addend}, {"shift", layer.add_shift}};
    }
    if (!layer.table.empty()) json["table"] = layer.table;
    layers.push_back(std::move(json));
  }
  return {{"schema", kSchema}, {"layers", std::move(layers)}};
}

namespace {

/// Multipliers and shifts of one product.
void read_scaling(JsonReader& reader, std::size_t rows, std::vector<std::int32_t>& multiplier,
                  std::vector<std::int8_t>& shift) {
  reader.numbers("multiplier", multiplier, rows, std::int32_t{0}, std::int32_t{INT32_MAX});
  reader.numbers("shift", shift, rows, std::int8_t{-31}, std::int8_t{30});
}

void read_weights(JsonReader& reader, std::int64_t elements, std::vector<std::int8_t>& weight) {
  reader.numbers("weight", weight, static_cast<std::size_t>(elements), std::int8_t{-128}, std::int8_t{127});
}

/// What recurrent cells give is their state, whose scale their arithmetic fixes, but for that of a projection.
void require_state_quant(const JsonReader& reader, const Int8Layer& layer) {
  const auto* const lstm = std::get_if<Lstm>(&layer.layer.op);
  if (lstm == nullptr && !std::holds_alternative<Gru>(layer.layer.op)) return;
  if (layer.output.zero_point != 0) reader.fail("zero_point", "of a recurrent layer is 0");
  const bool projected = lstm != nullptr && lstm->projection > 0;
  if (!projected && layer.output.scale != kStateQuant.scale) reader.fail("scale", "of a recurrent layer is 1/128");
}

/// Kernels round in 32 bit: no input may bring an accumulator, shifted to the left, to 2^30.
void require_headroom(const JsonReader& reader, std::size_t row, std::int64_t worst, int shift) {
  if (worst < (std::int64_t{1} << 30) >> std::max(shift, 0)) return;
  reader.fail("", "row " + std::to_string(row) + " can leave the 31 bits that kernels compute in");
}

/// Of a product's accumulators.
///   filters  rows of weights; of several bands, each has them again
///   columns  depthwise weights: a row's weights lie `filters` apart
void check_headroom(const JsonReader& reader, const Int8Product& product, std::size_t filters, bool columns) {
  const std::size_t rows = product.multiplier.size();
  const std::size_t length = product.weight.size() / filters;
  for (std::size_t r = 0; r < rows; ++r) {
    std::int64_t worst = std::abs(std::int64_t{product.bias[r]});
    for (std::size_t j = 0; j < length; ++j) {
      worst += 128 * std::abs(product.weight[columns ? j * filters + r % filters : r * length + j]);
    }
    require_headroom(reader, r, worst, product.shift[r]);
  }
}

/// Fills the parts of a layer that its parameters call for.
void read_parameter(const ParameterSpec& spec, JsonReader& reader, Int8Layer& layer) {
  const auto* const depthwise = std::get_if<Depthwise2d>(&layer.layer.op);
  const auto product = [&](const char* name, int filters, bool with_bias) {
    const auto rows =
        static_cast<std::size_t>(filters) * static_cast<std::size_t>(depthwise != nullptr ? depthwise->bands : 1);
    JsonReader inner = reader.part(name);
    Int8Product result;
    read_weights(inner, spec.elements(), result.weight);
    if (with_bias) {
      inner.numbers("bias", result.bias, rows, std::int32_t{INT32_MIN}, std::int32_t{INT32_MAX});
    } else {
      result.bias.assign(rows, 0);
    }
    read_scaling(inner, rows, result.multiplier, result.shift);
    inner.finish();
    check_headroom(inner, result, static_cast<std::size_t>(filters), depthwise != nullptr);
    return result;
  };
  if (spec.name == "weight") {
    layer.main = product("main", depthwise != nullptr ? spec.shape.back() : spec.shape.front(), true);
  } else if (spec.name == "recurrent_weight") {
    layer.recurrent = product("recurrent", spec.shape.front(), false);
  } else if (spec.name == "projection_weight") {
    layer.projection = product("projection", spec.shape.front(), false);
  } else if (spec.name == "peephole") {
    JsonReader inner = reader.part("peephole");
    read_weights(inner, spec.elements(), layer.peephole);
    read_scaling(inner, static_cast<std::size_t>(spec.shape.front()), layer.peephole_multiplier, layer.peephole_shift);
    inner.finish();
    const std::size_t cells = layer.peephole.size() / layer.peephole_shift.size();
    for (std::size_t r = 0; r < layer.peephole_shift.size(); ++r) {
      std::int64_t worst = 0;
      for (std::size_t i = 0; i < cells; ++i) {
        worst = std::max(worst, std::int64_t{32768} * std::abs(layer.peephole[r * cells + i]));
      }
      require_headroom(inner, r, worst, layer.peephole_shift[r]);
    }
  }
}

}  // namespace

Int8Model int8_from_json(const Json& json, const Graph& graph, const std::string& origin) {
  JsonReader root(json, {origin, "make the model again with kwsmith train", Exit::failed}, "", Missing::error);
  std::string schema = kSchema;
  root.choice("schema", schema, {kSchema}, "format of this file");
  std::vector<JsonReader> layers = root.parts("layers", graph.layers().size());
  root.finish();
  Int8Model model{.input = graph.input(), .layers = {}};
  for (std::size_t i = 0; i < graph.layers().size(); ++i) {
    Int8Layer layer;
    layer.layer = graph.layers()[i];
    JsonReader& reader = layers[i];
    std::string name;
    std::string op;
    reader("name", name, "of the layer");
    reader("op", op, "its operation");
    if (name != layer.layer.name || op != op_name(layer.layer.op)) {
      reader.fail("", "is " + shortened(printable(op + " \"" + name + "\""), 80) + ", the design has " +
                          std::string(op_name(layer.layer.op)) + " \"" + layer.layer.name + "\"");
    }
    model.connect(layer);
    JsonReader output = reader.part("output");
    output("scale", layer.output.scale, kSmallestScale, kLargestScale, "real per step");
    output("zero_point", layer.output.zero_point, -128, 127, "the integer of 0.0");
    output.finish();
    require_state_quant(output, layer);
    reader("activation_min", layer.activation_min, -128, 127, "lower end of the activation");
    for (const ParameterSpec& spec : parameters_of(layer.layer)) read_parameter(spec, reader, layer);
    if (std::holds_alternative<AvgPool2d>(layer.layer.op)) {
      JsonReader main = reader.part("main");
      read_scaling(main, 1, layer.main.multiplier, layer.main.shift);
      main.finish();
      const Shape& in = layer.layer.input;
      require_headroom(main, 0, std::int64_t{255} * in.time * in.freq, layer.main.shift.front());
    }
    if (std::holds_alternative<Add>(layer.layer.op)) {
      JsonReader addend = reader.part("addend");
      std::vector<std::int32_t> factors;
      addend.numbers("factors", factors, 2, std::int32_t{0}, std::int32_t{INT16_MAX});
      layer.addend = {static_cast<std::int16_t>(factors[0]), static_cast<std::int16_t>(factors[1])};
      addend("shift", layer.add_shift, kAddShifts.front(), kAddShifts.back(), "bits that the sum is shifted by");
      addend.finish();
    }
    if (std::holds_alternative<Activate>(layer.layer.op)) {
      reader.numbers("table", layer.table, 256, std::int8_t{-128}, std::int8_t{127});
    }
    reader.finish();
    model.layers.push_back(std::move(layer));
  }
  return model;
}

}  // namespace kws
