#include "kws/families/design.h"

#include <string>

#include "kws/core/files.h"
#include "kws/core/options.h"

namespace kws {
namespace {

/// The design file as it is written.
struct DesignFile {
  std::string schema = "kwsmith.design/1";
  std::string name;
  FeatureOptions features;
  NetworkOptions network;
  int classes = 12;
};
template <class Field>
void describe(Field& field, DesignFile& o) {
  field.choice("schema", o.schema, {"kwsmith.design/1"}, "format of this file");
  field("name", o.name, "name in reports and file names");
  field.object("features", o.features, "front end");
  field.object("network", o.network, "network");
  field("classes", o.classes, 2, 1024, "silence, unknown and the keywords");
}

[[noreturn]] void fail(const std::string& origin, const std::string& rest) {
  throw Error(origin + ": " + rest, Exit::usage);
}

void check_name(const std::string& name, const std::string& origin) {
  constexpr std::size_t kLongest = 100;
  const auto letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  // Names become folders and arguments: neither "..", nor "-x".
  bool good = !name.empty() && name.size() <= kLongest && letter(name[0]);
  for (const char c : name) good = good && (letter(c) || c == '.' || c == '-');
  if (!good) {
    fail(origin,
         "name: " + Json(name).dump(-1, ' ', true) +
             " is not a name; up to 100 letters, digits, \"_\", \".\", \"-\", not beginning with \".\" or \"-\"");
  }
}

/// What ranges of single fields cannot say. `coefficients` is 0 where the file leaves them out.
void check_features(FeatureOptions& f, const std::string& origin) {
  const bool cosine = front_end_kind(f.kind).cosine;
  if (f.coefficients == 0) {
    if (cosine) fail(origin, "features.coefficients: missing; add this key");
    f.coefficients = f.mel_bins;
  }
  const std::string at = "features.coefficients: " + std::to_string(f.coefficients);
  if (!cosine && f.coefficients != f.mel_bins) {
    fail(origin, at + " differs from mel_bins, " + std::to_string(f.mel_bins) + "; leave it out for " + f.kind);
  }
  if (f.coefficients > f.mel_bins) {
    fail(origin, at + " is more than mel_bins, " + std::to_string(f.mel_bins) + "; lower it or add mel bins");
  }
  if (f.high_hz <= f.low_hz) {
    fail(origin, "features.high_hz: " + std::to_string(f.high_hz) + " is not above low_hz, " +
                     std::to_string(f.low_hz) + "; raise it");
  }
  if (const BinRange bins = filter_bins(f); bins.last < bins.first) {
    fail(origin, "features.high_hz: " + std::to_string(f.high_hz) + " is so near to low_hz, " +
                     std::to_string(f.low_hz) + ", that a transform of " + std::to_string(fft_points(f)) +
                     " points has no bin between them; raise it");
  }
}

}  // namespace

Design design_from_json(const Json& json, const std::string& origin) {
  DesignFile file;
  file.features.coefficients = 0;
  read_options(json, file, origin, "", Missing::error);
  Design design{.name = std::move(file.name),
                .features = std::move(file.features),
                .network = std::move(file.network),
                .classes = file.classes};
  check_name(design.name, origin);
  check_features(design.features, origin);
  try {
    build_graph(design);
  } catch (const Error& error) {
    fail(origin, std::string("network: ") + error.what());
  }
  return design;
}

Design load_design(const std::filesystem::path& file) {
  return design_from_json(load_json(file.string()), file.string());
}

Json design_to_json(const Design& design) {
  return options_to_json(DesignFile{
      .name = design.name, .features = design.features, .network = design.network, .classes = design.classes});
}

std::string design_hash(const Design& design) {
  Json json = design_to_json(design);
  json.erase("name");
  return sha256_hex(json.dump());
}

Graph build_graph(const Design& design) {
  Graph graph({.time = frame_count(design.features), .freq = design.features.coefficients, .channels = 1});
  design.network.add_layers(graph, design.classes);
  return graph;
}

}  // namespace kws
