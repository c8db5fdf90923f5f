// The three steps of calibrate.sh that are no shell: which networks are measured, and what follows from the measures.
//   kws_calibrate export SOURCE_DIR OUT      OUT/NAME/ for every sample
//   kws_calibrate sizes SOURCE_DIR CSV       name,core,exp_entries,kernels,flash,data -> src/cost/code_table.inc
//   kws_calibrate work SOURCE_DIR CSV        name,core,row,instructions,cycles -> src/cost/work_table.inc
//   kws_calibrate compare SOURCE_DIR CSV     the same -> how far the tables that are built in lie from it
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

#include "../../src/cost/sizes.h"
#include "calibrate_fit.h"
#include "calibrate_samples.h"
#include "export/random_models.h"
#include "kws/core/error.h"

namespace kws::test {
namespace {

using Fields = std::vector<std::string>;
std::vector<Fields> read_csv(const std::string& file) {
  std::ifstream in(file);
  std::vector<Fields> rows;
  for (std::string line; std::getline(in, line);) {
    Fields fields;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) fields.push_back(cell);
    rows.push_back(fields);
  }
  return rows;
}

void export_samples(const std::string& source_dir, const std::string& out) {
  for (const Sample& sample : samples(source_dir)) {
    const Exportable parts(RandomModels(1).model(sample.graph), sample.features);
    ExportModel model = parts.model();
    model.info.name = sample.name;
    write_c_model(model, {.replace = true}, out + "/" + sample.name);
    std::puts(sample.name.c_str());
  }
}

unsigned kernels_of(const Graph& graph) {
  unsigned kernels = 0;
  for (const Layer& layer : graph.layers()) kernels |= 1U << static_cast<unsigned>(kernel_of(layer));
  return kernels;
}

std::string braces(const PerCore<long>& values) {
  std::string text;
  for (const long value : values) text += (text.empty() ? "{" : ", ") + std::to_string(value);
  return text + "}";
}

/// Code of the kernels by their set; what else is linked, less the constants, as the median of the samples.
void print_sizes(const std::string& source_dir, const std::string& csv) {
  std::map<std::string, Sample> known;
  for (const Sample& sample : samples(source_dir)) known.emplace(sample.name, sample);
  std::map<unsigned, PerCore<long>> kernels;
  PerCore<std::vector<long>> rest;
  PerCore<long> data{};
  for (const Fields& row : read_csv(csv)) {
    const Sample& sample = known.at(row.at(0));
    const auto core = static_cast<std::size_t>(core_by_name(row.at(1)));
    const int classes = sample.graph.output().elements();
    std::vector<std::string> labels;
    for (int i = 0; i < classes; ++i) labels.push_back("word" + std::to_string(i));
    const FirmwareOptions options{.exp_entries = std::stoi(row.at(2)), .labels = labels};
    FirmwareCost cost;
    fill_sizes(cost, sample.features, sample.graph, options);
    long constants = 0;
    for (const FirmwareCost::Row& part : cost.constants) constants += static_cast<long>(part.bytes);
    const long code = std::stol(row.at(3));
    kernels[kernels_of(sample.graph)][core] = code;
    data[core] = std::stol(row.at(5));
    rest[core].push_back(std::stol(row.at(4)) - data[core] - constants - code);
  }
  std::printf("constexpr std::array<KernelCode, %zu> kKernelCode = {{\n", kernels.size());
  for (const auto& [set, bytes] : kernels) std::printf("    {0x%02x, {%s}},\n", set, braces(bytes).c_str());
  PerCore<long> fixed{};
  for (std::size_t core = 0; core < kCores.size(); ++core) {
    const auto [least, most] = std::minmax_element(rest[core].begin(), rest[core].end());
    std::fprintf(stderr, "%s: %ld .. %ld bytes besides kernels and constants\n",
                 std::string(core_name(kCores[core])).c_str(), *least, *most);
    std::ranges::nth_element(rest[core], rest[core].begin() + static_cast<std::ptrdiff_t>(rest[core].size() / 2));
    fixed[core] = rest[core][rest[core].size() / 2];
  }
  std::printf("}};\nconstexpr PerCore<int> kFixedCode = {%s};\n", braces(fixed).c_str());
  std::printf("constexpr PerCore<int> kLibraryData = {%s};\n", braces(data).c_str());
}

}  // namespace
}  // namespace kws::test

int main(int argc, char** argv) {
  using namespace kws::test;
  const std::string step = argc == 4 ? argv[1] : "";
  try {
    if (step == "export") {
      export_samples(argv[2], argv[3]);
    } else if (step == "sizes") {
      print_sizes(argv[2], argv[3]);
    } else {
      std::fprintf(stderr, "usage: %s export|sizes|work|compare SOURCE_DIR OUT_OR_CSV\n", argv[0]);
      return 2;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
