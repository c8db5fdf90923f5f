#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kws/features/front_end.h"
#include "kws/graph/graph.h"

namespace kws {

/// One convolution of a design: [time, frequency] order in kernel and stride.
struct ConvOptions {
  int filters = 0;
  Extent kernel, stride;
};
template <class Field>
void describe(Field& field, ConvOptions& o) {
  field("filters", o.filters, 1, 1024, "output channels");
  field("kernel", o.kernel, 1, 64, "[time, frequency]");
  field("stride", o.stride, 1, 16, "[time, frequency]");
}

struct DnnOptions {
  std::vector<int> hidden;
};
template <class Field>
void describe(Field& field, DnnOptions& o) {
  field("hidden", o.hidden, 1, 4096, "units of each hidden layer");
}
struct CnnOptions {
  std::vector<ConvOptions> conv;  ///< two in the paper; one to four here
  int linear = 0;                 ///< units of the low-rank layer without activation
  int fc = 0;                     ///< units of the fully connected layer
};
template <class Field>
void describe(Field& field, CnnOptions& o) {
  field.list("conv", o.conv, 1, 4, "convolutions");
  field("linear", o.linear, 1, 1024, "units of the low-rank layer");
  field("fc", o.fc, 1, 4096, "units of the fully connected layer");
}
struct BasicLstmOptions {
  int cells = 0;
};
template <class Field>
void describe(Field& field, BasicLstmOptions& o) {
  field("cells", o.cells, 1, 2048, "memory cells");
}
struct LstmOptions {
  int cells = 0;
  int projection = 0;
};
template <class Field>
void describe(Field& field, LstmOptions& o) {
  field("cells", o.cells, 1, 2048, "memory cells");
  field("projection", o.projection, 1, 2048, "size of the projected output");
}
struct GruOptions {
  int layers = 1;
  int cells = 0;
};
template <class Field>
void describe(Field& field, GruOptions& o) {
  field("layers", o.layers, 1, 4, "stacked layers");
  field("cells", o.cells, 1, 2048, "cells of each layer");
}
struct CrnnOptions {
  ConvOptions conv;
  int gru_layers = 0;
  int cells = 0;
  int fc = 0;
};
template <class Field>
void describe(Field& field, CrnnOptions& o) {
  field.object("conv", o.conv, "the convolution before the recurrent layers");
  field("gru_layers", o.gru_layers, 1, 4, "stacked GRU layers");
  field("cells", o.cells, 1, 2048, "cells of each GRU layer");
  field("fc", o.fc, 1, 4096, "units of the fully connected layer");
}
struct DsCnnOptions {
  ConvOptions conv;
  std::vector<ConvOptions> blocks;  ///< depthwise (kernel, stride) + pointwise (filters)
};
template <class Field>
void describe(Field& field, DsCnnOptions& o) {
  field.object("conv", o.conv, "the first, ordinary convolution");
  field.list("blocks", o.blocks, 1, 16, "depthwise-separable blocks");
}

/// The network part, one alternative per type; index order = order of network_types().
using NetworkOptions =
    std::variant<DnnOptions, CnnOptions, BasicLstmOptions, LstmOptions, GruOptions, CrnnOptions, DsCnnOptions>;

/// The seven types: dnn, cnn, basic_lstm, lstm, gru, crnn, ds_cnn.
const std::vector<std::string>& network_types();
/// One row of `kwsmith list types`.
std::string_view type_summary(std::string_view type);

/// One front end + one network, untrained; a JSON file of schema kwsmith.design/1.
struct Design {
  std::string name;
  FeatureOptions features;
  NetworkOptions network;
  int classes = 12;
  [[nodiscard]] const std::string& type() const { return network_types()[network.index()]; }
};

/// Strict reading: unknown key, wrong type or value out of range is an Error (Exit::usage) of one line
/// `origin: path: fact; remedy`. Also checks that the graph can be built.
///   origin  file name for messages
Design design_from_json(const nlohmann::ordered_json& json, const std::string& origin);
Design load_design(const std::filesystem::path& file);

/// The 21 networks of the paper (configs/hello_edge/, embedded), by name.
std::vector<Design> published_designs();

/// What design_from_json reads; keys in the order of DESIGN.md section 4.
nlohmann::ordered_json design_to_json(const Design& design);

/// SHA-256 (hex) of features, network and classes; the name does not count.
std::string design_hash(const Design& design);

/// The network of a design. Source: Zhang et al., "Hello Edge", arXiv:1711.07128, and its published code.
///   throws  Error (Exit::usage) when a kernel does not fit into the map it reads
Graph build_graph(const Design& design);

}  // namespace kws
