#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "kws/families/network.h"
#include "kws/features/front_end.h"
#include "kws/graph/graph.h"

namespace kws {

/// One row of `kwsmith list types`.
std::string_view type_summary(std::string_view type);

/// One front end + one network, untrained; a JSON file of schema kwsmith.design/1.
struct Design {
  std::string name;
  FeatureOptions features;
  NetworkOptions network;
  int classes = 12;
  [[nodiscard]] const std::string& type() const { return network.type(); }
};

/// Strict reading: unknown key, wrong type or value out of range is an Error (Exit::usage) of one line
/// `origin: path: fact; remedy`. Also checks that the graph can be built.
///   origin  file name for messages
Design design_from_json(const nlohmann::ordered_json& json, const std::string& origin);
Design load_design(const std::filesystem::path& file);

/// The 21 networks of the paper (configs/hello_edge/, embedded), by name.
std::vector<Design> published_designs();
/// Networks of after 2017 by their published sizes, and one of ours (configs/anchors/, embedded), by name.
std::vector<Design> anchor_designs();
/// Anchors, then the paper's: what a search tries first.
std::vector<Design> known_designs();

/// What design_from_json reads, keys in the order of configs/hello_edge/.
nlohmann::ordered_json design_to_json(const Design& design);

/// SHA-256 (hex) of features, network and classes; the name does not count.
std::string design_hash(const Design& design);

/// The network of a design. Source: Zhang et al., "Hello Edge", arXiv:1711.07128, and its published code.
///   throws  Error (Exit::usage) when a kernel does not fit into the map it reads
Graph build_graph(const Design& design);

}  // namespace kws
