#include "kws/search/curves.h"

#include <zlib.h>

#include <array>
#include <memory>
#include <new>

#include "kws/core/files.h"
#include "kws/core/options.h"
#include "kws/cost/cost.h"

namespace kws {
namespace {

constexpr const char* kCurvesSchema = "kwsmith.curves/1";

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

/// As gzip packs, with no name and no time in its header.
std::string pack(const std::string& text) {
  constexpr int kGzip = 16, kMemory = 8;
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string packed(deflateBound(&stream, text.size()), '\0');
  std::string source = text;  // zlib takes no pointer to const
  stream.next_in = reinterpret_cast<Bytef*>(source.data());
  stream.avail_in = static_cast<uInt>(source.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);  // ends at once, as the bound leaves room for all
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace

CurveTable load_curves(const std::filesystem::path& file) {
  const std::string origin = file.string();
  const Json json = Json::parse(read_unpacked(file), nullptr, false);
  if (json.is_discarded()) fail(origin, "is not JSON");
  if (member(json, "schema", origin) != kCurvesSchema)
    fail(origin, std::string("schema is not \"") + kCurvesSchema + "\"");
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

void save_curves(const std::filesystem::path& file, const CurveTable& table, const std::string& data) {
  Json designs = Json::array();
  for (const Curve& curve : table.curves) {
    designs.push_back({{"design", design_to_json(curve.design)},
                       {"type", curve.design.type()},
                       {"memory", curve.memory_bytes},
                       {"ops", curve.ops},
                       {"epochs", curve.accuracy}});
  }
  const Json json = {
      {"schema", kCurvesSchema}, {"epochs", table.epochs()}, {"data", data}, {"designs", std::move(designs)}};
  const std::string text = json.dump() + "\n";
  write_file(file, file.extension() == ".gz" ? pack(text) : text);
}

}  // namespace kws
