#include "kws/search/curves.h"

#include <zlib.h>

#include <array>
#include <memory>

#include "kws/core/options.h"
#include "kws/cost/cost.h"

namespace kws {
namespace {

[[noreturn]] void fail(const std::string& origin, const std::string& fact) {
  throw Error(origin + ": " + fact + "; make the table anew or give another --table", Exit::usage);
}

/// The bytes of a file, unpacked where it begins as gzip does.
std::string read_unpacked(const std::filesystem::path& path) {
  const std::string origin = path.string();
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(origin.c_str(), "rb"), gzclose);
  if (!file || std::filesystem::is_directory(path)) fail(origin, "cannot be read");
  std::string text;
  std::array<char, 1 << 16> part{};
  int count = 0;
  while ((count = gzread(file.get(), part.data(), part.size())) > 0)
    text.append(part.data(), static_cast<size_t>(count));
  int error = Z_OK;
  gzerror(file.get(), &error);
  // A file that was cut off ends with a buffer error only.
  if (count < 0 || error != Z_OK) fail(origin, "is damaged or cut off");
  return text;
}

const Json& member(const Json& object, const char* name, const std::string& path) {
  if (!object.is_object() || !object.contains(name)) fail(path, "lacks \"" + std::string(name) + "\"");
  return object.at(name);
}

std::vector<double> read_accuracies(const Json& list, const std::string& path) {
  if (!list.is_array() || list.empty()) fail(path, "needs a list of accuracies, one for each epoch");
  std::vector<double> values;
  for (const Json& value : list) {
    if (!value.is_number() || value.get<double>() < 0.0 || value.get<double>() > 1.0) {
      fail(path, value.dump() + " is no share in 0..1");
    }
    values.push_back(value.get<double>());
  }
  return values;
}

Curve read_curve(const Json& json, const std::string& path) {
  Curve curve;
  curve.design = design_from_json(member(json, "design", path), path + ".design");
  const CostTotals totals = hello_edge_totals(build_graph(curve.design));
  curve.memory_bytes = totals.memory_bytes;
  curve.ops = totals.ops;
  const Json counted = {{"type", curve.design.type()}, {"memory", totals.memory_bytes}, {"ops", totals.ops}};
  for (const auto& [name, value] : counted.items()) {
    const Json& found = member(json, name.c_str(), path);
    if (found != value) fail(path + "." + name, found.dump() + " is not the design's, " + value.dump());
  }
  curve.accuracy = read_accuracies(member(json, "epochs", path), path + ".epochs");
  return curve;
}

}  // namespace

CurveTable load_curves(const std::filesystem::path& file) {
  const std::string origin = file.string();
  const Json json = Json::parse(read_unpacked(file), nullptr, false);
  if (json.is_discarded()) fail(origin, "is not JSON");
  if (member(json, "schema", origin) != "kwsmith.curves/1") fail(origin, "schema is not \"kwsmith.curves/1\"");
  const Json& designs = member(json, "designs", origin);
  if (!designs.is_array() || designs.empty()) fail(origin + ": designs", "needs a list of designs");
  CurveTable table;
  for (std::size_t i = 0; i < designs.size(); ++i) {
    const std::string path = origin + ": designs[" + std::to_string(i) + "]";
    table.curves.push_back(read_curve(designs[i], path));
    if (table.curves[i].accuracy.size() != table.curves[0].accuracy.size()) {
      fail(path + ".epochs", "has another length than the first design's");
    }
  }
  return table;
}

}  // namespace kws
