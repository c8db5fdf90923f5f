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
    write_c_model(model, {.replace = true, .flow = false}, out + "/" + sample.name);
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

/// Code of the kernels by their set; what else is linked with either front end, less the constants, as the median.
void print_sizes(const std::string& source_dir, const std::string& csv) {
  std::map<std::string, Sample> known;
  for (const Sample& sample : samples(source_dir)) known.emplace(sample.name, sample);
  std::map<unsigned, PerCore<long>> kernels;
  std::array<PerCore<std::vector<long>>, 2> rest;  // by front end: float, integer
  std::array<PerCore<long>, 2> data{};
  for (const Fields& row : read_csv(csv)) {
    const Sample& sample = known.at(row.at(0));
    const auto core = static_cast<std::size_t>(core_by_name(row.at(1)));
    const int classes = sample.graph.output().elements();
    std::vector<std::string> labels;
    for (int i = 0; i < classes; ++i) labels.push_back("word" + std::to_string(i));
    const FirmwareOptions options{.flow = false, .exp_entries = std::stoi(row.at(2)), .labels = labels};
    FirmwareCost cost;
    fill_sizes(cost, sample.features, sample.graph, options);
    long constants = 0;
    for (const FirmwareCost::Row& part : cost.constants) constants += static_cast<long>(part.bytes);
    const long code = std::stol(row.at(3));
    kernels[kernels_of(sample.graph)][core] = code;
    const std::size_t kind = FrontEndNumbers(sample.features).integer ? 1 : 0;
    data[kind][core] = std::stol(row.at(5));
    rest[kind][core].push_back(std::stol(row.at(4)) - data[kind][core] - constants - code);
  }
  std::printf("constexpr std::array<KernelCode, %zu> kKernelCode = {{\n", kernels.size());
  for (const auto& [set, bytes] : kernels) std::printf("    {0x%02x, {%s}},\n", set, braces(bytes).c_str());
  std::array<PerCore<long>, 2> fixed{};
  for (std::size_t kind = 0; kind < fixed.size(); ++kind) {
    for (std::size_t core = 0; core < kCores.size(); ++core) {
      std::vector<long>& bytes = rest[kind][core];
      std::ranges::sort(bytes);
      fixed[kind][core] = bytes.at(bytes.size() / 2);
      std::fprintf(stderr, "%s: %ld .. %ld bytes besides kernels and constants\n",
                   std::string(core_name(kCores[core])).c_str(), bytes.front(), bytes.back());
    }
  }
  const auto both = [](const std::array<PerCore<long>, 2>& bytes) {
    return "{{{" + braces(bytes[0]) + "}, {" + braces(bytes[1]) + "}}}";
  };
  std::printf("}};\nconstexpr std::array<PerCore<int>, 2> kFixedCode = %s;\n", both(fixed).c_str());
  std::printf("constexpr std::array<PerCore<int>, 2> kLibraryData = %s;\n", both(data).c_str());
}

/// The rows of count.sh for one sample and core: its layers, then these three.
struct Counted {
  const Sample* sample = nullptr;
  std::vector<FirmwareCost::Work> layers;
  FirmwareCost::Work invoke, frame, step;
};
using CountedKey = std::pair<std::string, Core>;
std::map<CountedKey, Counted> read_counted(const std::vector<Sample>& known, const std::string& csv) {
  std::map<CountedKey, Counted> result;
  for (const Fields& row : read_csv(csv)) {
    Counted& counted = result[{row.at(0), core_by_name(row.at(1))}];
    counted.sample = &*std::ranges::find(known, row.at(0), &Sample::name);
    const FirmwareCost::Work work{std::stod(row.at(3)), std::stod(row.at(4))};
    const std::string& name = row.at(2);
    (name == "invoke"      ? counted.invoke
     : name == "frame"     ? counted.frame
     : name == "push_step" ? counted.step
                           : counted.layers.emplace_back()) = work;
  }
  return result;
}

/// Every measure of every task, in instructions or in cycles.
std::map<std::pair<Task, Core>, std::vector<Measure>> measures(const std::map<CountedKey, Counted>& all,
                                                               double FirmwareCost::Work::*figure) {
  std::map<std::pair<Task, Core>, std::vector<Measure>> result;
  for (const auto& [key, counted] : all) {
    const Core core = key.second;
    const Sample& sample = *counted.sample;
    const FrontEndNumbers front_end(sample.features);
    const StreamNumbers stream(sample.features, sample.graph, {.flow = false});
    double layers = 0;
    for (std::size_t i = 0; i < counted.layers.size(); ++i) {
      const Layer& layer = sample.graph.layers().at(i);
      result[{task_of(kernel_of(layer)), core}].push_back({layer_terms(layer, core), counted.layers[i].*figure});
      layers += counted.layers[i].*figure;
    }
    result[{Task::loop, core}].push_back(
        {loop_terms(sample.graph), counted.invoke.*figure - layers, counted.invoke.*figure});
    result[{frame_task(front_end), core}].push_back({frame_terms(front_end), counted.frame.*figure});
    const double besides = counted.step.*figure - counted.invoke.*figure - stream.frames * counted.frame.*figure;
    result[{Task::stream, core}].push_back(
        {stream_terms(front_end, stream, sample.graph), besides, counted.step.*figure});
  }
  return result;
}

void print_work(const std::string& source_dir, const std::string& csv) {
  const std::vector<Sample> known = samples(source_dir);
  const auto counted = read_counted(known, csv);
  auto instructions = measures(counted, &FirmwareCost::Work::instructions);
  auto cycles = measures(counted, &FirmwareCost::Work::cycles);
  const auto list = [](const Terms& terms) {
    std::string text;
    for (const double value : terms) {
      char number[32];
      std::snprintf(number, sizeof number, "%.5g", value);
      text += (text.empty() ? "{" : ", ") + std::string(number);
    }
    return "{" + text + "}}";
  };
  std::puts("constexpr std::array<PerCore<Coefficients>, kTasks> kWork = {{");
  for (int task = 0; task < kTasks; ++task) {
    std::printf("    {{  // %s\n", std::string(task_name(static_cast<Task>(task))).c_str());
    for (const Core core : kCores) {
      const std::pair key{static_cast<Task>(task), core};
      std::printf("        {%s,\n         %s},\n", list(fit(instructions[key])).c_str(),
                  list(fit(cycles[key])).c_str());
    }
    std::puts("    }},");
  }
  std::puts("}};");
}

/// Largest and mean error of the tables that are built in, by task and core and for whole networks.
void compare(const std::string& source_dir, const std::string& csv) {
  const std::vector<Sample> known = samples(source_dir);
  const auto counted = read_counted(known, csv);
  for (auto& [key, list] : measures(counted, &FirmwareCost::Work::instructions)) {
    double worst = 0, sum = 0;
    for (const Measure& m : list) {
      const double error = work_of(key.first, m.terms, key.second).instructions / m.scale - m.value / m.scale;
      worst = std::abs(error) > std::abs(worst) ? error : worst;
      sum += std::abs(error);
    }
    std::printf("%-16s %-4s %3zu measures, mean error %5.2f %%, largest %6.2f %%\n",
                std::string(task_name(key.first)).c_str(), std::string(core_name(key.second)).c_str(), list.size(),
                100 * sum / static_cast<double>(list.size()), 100 * worst);
  }
  for (const auto& [key, one] : counted) {
    const FirmwareCost cost = firmware_cost(one.sample->features, one.sample->graph, {.flow = false});
    std::printf("%-16s %-4s invoke %10.0f %+6.2f %%  cycles %+6.2f %%  hop %+6.2f %%\n", key.first.c_str(),
                std::string(core_name(key.second)).c_str(), one.invoke.instructions,
                100 * (of(cost.invoke, key.second).instructions / one.invoke.instructions - 1),
                100 * (of(cost.invoke, key.second).cycles / one.invoke.cycles - 1),
                100 * (of(cost.hop, key.second).instructions / one.step.instructions - 1));
  }
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
    } else if (step == "work") {
      print_work(argv[2], argv[3]);
    } else if (step == "compare") {
      compare(argv[2], argv[3]);
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
