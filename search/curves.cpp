#include "kws/search/curves.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <vector>

#include "kws/core/files.h"
#include "kws/core/options.h"
#include "kws/cost/cost.h"

namespace kws {
namespace {

constexpr const char* kCurvesSchema = "kwsmith.curves/1";

[[noreturn]] void fail(const std::string& origin, const std::string& fact) {
  throw Error(origin + ": " + fact + "; make the table anew or give another --table", Exit::usage);
}

constexpr double kMostNats = 1e12;
constexpr std::size_t kLargest = std::size_t{64} << 20U;  ///< bytes of a table, unpacked

/// What gzip has packed.
std::string unpacked(const std::string& packed, const std::string& origin) {
  constexpr int kGzip = 16;
  z_stream stream{};
  if (inflateInit2(&stream, MAX_WBITS + kGzip) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> ended(&stream, inflateEnd);
  std::string source = packed;  // zlib takes no pointer to const
  stream.next_in = reinterpret_cast<Bytef*>(source.data());
  stream.avail_in = static_cast<uInt>(source.size());
  std::string text;
  std::array<char, 1 << 16> part{};
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    state = inflate(&stream, Z_NO_FLUSH);
    text.append(part.data(), part.size() - stream.avail_out);
    if (text.size() > kLargest) fail(origin, "unpacks to more than " + std::to_string(kLargest >> 20U) + " MiB");
  }
  if (state != Z_STREAM_END || stream.avail_in > 0) fail(origin, "is damaged or cut off");
  return text;
}

std::string read_unpacked(const std::filesystem::path& path) {
  const std::string origin = path.string();
  std::string text;
  try {
    text = read_file(path, kLargest);
  } catch (const Error& error) {
    throw Error(error.what(), Exit::usage);
  }
  return text.starts_with("\x1f\x8b") ? unpacked(text, origin) : text;
}

/// The table as it is written. What it repeats of a design's cost must be what the design costs.
Curve read_curve(JsonReader& reader, const std::string& path) {
  Curve curve;
  curve.design = design_from_json(reader.value("design"), path + ".design");
  const CostTotals totals = hello_edge_totals(build_graph(curve.design));
  curve.memory_bytes = totals.memory_bytes;
  curve.ops = totals.ops;
  const Json counted = {{"type", curve.design.type()}, {"memory", totals.memory_bytes}, {"ops", totals.ops}};
  for (const auto& [name, value] : counted.items()) {
    if (reader.value(name.c_str()) != value) {
      reader.fail(name.c_str(), "is not the design's, " + value.dump(), "make the table anew");
    }
  }
  reader.numbers("epochs", curve.accuracy, reader.value("epochs").size(), 0.0, 1.0);
  if (curve.accuracy.empty()) reader.fail("epochs", "holds no accuracy", "write one for each epoch");
  reader.optional_numbers("cross_entropy", curve.cross_entropy, curve.accuracy.size(), 0.0, kMostNats);
  reader.finish();
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
  const Json json = parse_json(read_unpacked(file), origin);
  JsonReader reader(json, origin, "", Missing::error);
  std::string schema = kCurvesSchema;
  CurveTable table;
  int epochs = 0;
  reader.choice("schema", schema, {kCurvesSchema}, "format of this file");
  reader.optional("epochs", epochs, 1, 1000000, "of each design");
  reader.later("data", table.data, "fingerprint of the recordings");
  std::vector<JsonReader> designs = reader.parts("designs", reader.value("designs").size());
  if (designs.empty()) reader.fail("designs", "is empty", "write a list of designs");
  reader.finish();
  std::set<std::string> known;
  for (std::size_t i = 0; i < designs.size(); ++i) {
    table.curves.push_back(read_curve(designs[i], origin + ": designs[" + std::to_string(i) + "]"));
    if (table.curves[i].accuracy.size() != table.curves[0].accuracy.size()) {
      designs[i].fail("epochs", "has another length than the first design's", "make the table anew");
    }
    if (!known.insert(design_hash(table.curves[i].design)).second) {
      designs[i].fail("design", "is an earlier one's", "take one of the two out");
    }
  }
  if (epochs != 0 && epochs != table.epochs()) {
    reader.fail("epochs", "is not how many each design has, " + std::to_string(table.epochs()), "make the table anew");
  }
  return table;
}

void save_curves(const std::filesystem::path& file, const CurveTable& table) {
  Json designs = Json::array();
  for (const Curve& curve : table.curves) {
    Json& design = designs.emplace_back(Json{{"design", design_to_json(curve.design)},
                                             {"type", curve.design.type()},
                                             {"memory", curve.memory_bytes},
                                             {"ops", curve.ops},
                                             {"epochs", curve.accuracy}});
    if (!curve.cross_entropy.empty()) design["cross_entropy"] = curve.cross_entropy;
  }
  const Json json = {
      {"schema", kCurvesSchema}, {"epochs", table.epochs()}, {"data", table.data}, {"designs", std::move(designs)}};
  const std::string text = text_of(json) + "\n";
  write_file(file, file.extension() == ".gz" ? pack(text) : text);
}

CurveTable joined(std::span<const std::string> names, std::span<const CurveTable> tables) {
  CurveTable all{.curves = {}, .data = tables.front().data};
  std::set<std::string> seen;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const CurveTable& table = tables[i];
    if (table.data != all.data) {
      throw Error(names[i] + ": has learned from other recordings than " + names.front() + "; write a table of each",
                  Exit::usage);
    }
    if (table.epochs() != tables.front().epochs()) {
      throw Error(names[i] + ": has " + std::to_string(table.epochs()) + " epochs, " + names.front() + " " +
                      std::to_string(tables.front().epochs()) + "; write a table of each",
                  Exit::usage);
    }
    std::ranges::copy_if(table.curves, std::back_inserter(all.curves),
                         [&](const Curve& curve) { return seen.insert(design_hash(curve.design)).second; });
  }
  return all;
}

}  // namespace kws
