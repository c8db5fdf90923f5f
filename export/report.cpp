#include "report.h"

#include <cmath>
#include <span>

#include "c_text.h"
#include "kws/core/options.h"
#include "kws/core/table.h"
#include "model_code.h"

namespace kws {

ExportReport make_report(const ExportModel& model, const Graph& graph, const ArenaPlan& plan,
                         const ExportOptions& asked, const std::string& prefix, const StreamOptions& stream) {
  const FirmwareOptions options{
      .core = asked.board ? asked.board->board.core : asked.core,
      .fpu = !asked.board || asked.board->board.fpu,
      .hop_ms = stream.hop_frames * model.front_end.options().stride_ms,
      .flow = asked.flow,
      .carry_state = stream.continuous,
      .smoothing_ms = stream.smoothing_ms,
      .exp_entries = static_cast<int>(exp_table(model.network.layers.back().output.scale).size()),
      .labels = model.info.labels};
  ExportReport report{.info = model.info,
                      .prefix = prefix,
                      .layers = {},
                      .macs = 0,
                      .sizes = {},
                      .stream = stream,
                      .board = asked.board,
                      .constants_hash = {},
                      .firmware = firmware_cost(model.front_end.options(), graph, options)};
  const Cost cost = hello_edge_cost(graph);
  for (std::size_t i = 0; i < model.network.layers.size(); ++i) {
    const Int8Layer& layer = model.network.layers[i];
    report.layers.push_back({.name = layer.layer.name,
                             .op = std::string(op_name(layer.layer.op)),
                             .output = layer.layer.output,
                             .macs = cost.layers[i].macs,
                             .weight_bytes = array_bytes(layer),
                             .place = plan.steps[i]});
    report.macs += report.layers.back().macs;
    report.sizes.weights += report.layers.back().weight_bytes;
  }
  report.sizes.arena = plan.bytes;
  return report;
}

std::string report_text(const ExportReport& report) {
  const ExportInfo& info = report.info;
  Json layers = Json::array();
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    const ExportReport::Row& row = report.layers[i];
    layers.push_back({{"name", row.name},
                      {"op", row.op},
                      {"output", {row.output.time, row.output.freq, row.output.channels}},
                      {"macs", row.macs},
                      {"weight_bytes", row.weight_bytes},
                      {"instructions", instructions_to_json(report.firmware.layers[i])},
                      {"arena",
                       {{"input_offset", row.place.input_offset},
                        {"output_offset", row.place.output_offset},
                        {"scratch_offset", row.place.scratch_offset},
                        {"scratch_bytes", row.place.scratch_bytes}}}});
  }
  Json thresholds = Json::array();  // in place of the one for all, where each label has its own
  for (int label = 0; label < static_cast<int>(info.labels.size()); ++label) {
    thresholds.push_back(report.stream.threshold_of(label));
  }
  Json json = {
      {"schema", "kwsmith.export/1"},
      {"generator", info.generator},
      {"format_version", 1},
      {"name", info.name},
      {"type", info.type},
      {"design_sha256", info.design_hash},
      {"constants_sha256", report.constants_hash},
      {"seed", info.seed},
      {"labels", info.labels},
      {"budget", info.budget},
      {"accuracy", {{"split", info.accuracy_split}, {"float", info.float_accuracy}, {"int8", info.int8_accuracy}}},
      {"prefix", report.prefix},
      {"macs", report.macs},
      {"weight_bytes", report.sizes.weights},
      {"table_bytes", report.sizes.tables},
      {"arena_bytes", report.sizes.arena},
      {"pcm_arena_bytes", report.sizes.pcm_arena},
      {"stream",
       {{"arena_bytes", report.sizes.stream_arena},
        {"state_bytes", report.sizes.stream_state},
        {"flow", report.sizes.flow},
        {"carries_state", report.stream.continuous},
        {"whole_window_bytes", report.sizes.whole_stream},
        {"hop_frames", report.stream.hop_frames},
        {"smoothing_ms", report.stream.smoothing_ms},
        {"threshold_q15", report.stream.threshold},
        {"thresholds_q15", thresholds},
        {"minimum", report.stream.minimum},
        {"release_q15", report.stream.release},
        {"refractory_ms", report.stream.refractory_ms}}},
      {"firmware", firmware_to_json(report.firmware)},
      {"layers", layers}};
  if (report.board) json["board"] = board_use_to_json(*report.board);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

namespace {

std::string whole(double value) { return grouped(std::llround(value)); }
std::string span_of(Core core, const FirmwareCost::Work& work) {
  const CycleRange range = cycle_range(core, work);
  return grouped(range.low) + " .. " + grouped(range.high);
}

std::string rows_text(const std::string& title, std::span<const FirmwareCost::Row> rows) {
  Table table({title, "bytes"});
  std::int64_t total = 0;
  for (const FirmwareCost::Row& row : rows) {
    table.add({std::string(row.name), grouped(row.bytes)});
    total += row.bytes;
  }
  table.add({"total", grouped(total)});
  return table.text() + "\n";
}

}  // namespace

std::string report_for_people(const ExportReport& report) {
  const FirmwareCost& cost = report.firmware;
  std::vector<FirmwareCost::Row> flash(cost.constants.begin(), cost.constants.end());
  flash.push_back({"code", of(cost.code_bytes, cost.report_core)});
  flash.push_back({"library_data", of(cost.library_bytes, cost.report_core)});
  std::vector<FirmwareCost::Row> ram(cost.ram.begin(), cost.ram.end());
  ram.push_back({"library_data", of(cost.library_bytes, cost.report_core)});
  Table cores({"core", "flash", "RAM", "instructions: network", "one frame", "one decision", "cycles: one decision"});
  std::string basis;
  for (const Core core : kCores) {
    const FirmwareSizes sizes = cost.sizes(core);
    cores.add({std::string(core_name(core)), grouped(sizes.flash_bytes), grouped(sizes.ram_bytes),
               whole(of(cost.network, core).instructions), whole(of(cost.frame, core).instructions),
               whole(of(cost.hop, core).instructions), span_of(core, of(cost.hop, core))});
    basis += std::string(core_name(core)) + ": " + std::string(cycle_basis(core)) + "\n";
  }
  Table layers({"layer", "op", "output", "MACs", "weight bytes", "instructions"});
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    const ExportReport::Row& row = report.layers[i];
    layers.add({row.name, row.op,
                std::to_string(row.output.time) + "x" + std::to_string(row.output.freq) + "x" +
                    std::to_string(row.output.channels),
                grouped(row.macs), grouped(row.weight_bytes),
                whole(of(cost.layers[i], cost.report_core).instructions)});
  }
  const std::string core(core_name(cost.report_core));
  return "SPDX-License-Identifier: Apache-2.0\n" + c_comment(report.info.name) + " (" + c_comment(report.info.type) +
         "), " + c_comment(report.info.generator) + "\nAccuracy: " + c_comment(accuracy_text(report.info)) +
         "\n\nFlash and RAM of front end, network and detector as an application links them, on " + core +
         ",\nbuilt by arm-none-eabi-gcc 12 at -O2; without the stack and the application's audio buffer.\n\n" +
         rows_text("flash", flash) + rows_text("RAM", ram) + "A decision every " + std::to_string(cost.hop_ms) +
         " ms takes its frames of features, the network" +
         (report.sizes.flow ? " (what the new frames\nchange of it)" : "") +
         " and the detector. Instructions follow from\ncounts under "
         "emulation; cycles are a range:\n" +
         basis + "\n" + cores.text() + "\nInstructions of the layers are those of a whole window on " + core + ".\n\n" +
         layers.text();
}

std::string accuracy_text(const ExportInfo& info) {
  if (info.accuracy_split.empty()) return "not measured";
  return "float " + percent(info.float_accuracy) + ", int8 " + percent(info.int8_accuracy) + " (" +
         info.accuracy_split + " split)";
}

}  // namespace kws
