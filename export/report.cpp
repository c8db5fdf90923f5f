#include "report.h"

#include "kws/core/options.h"
#include "kws/core/table.h"
#include "model_code.h"

namespace kws {

ExportReport make_report(const ExportModel& model, const Graph& graph, const ArenaPlan& plan,
                         const std::string& prefix) {
  ExportReport report{.info = model.info, .prefix = prefix, .layers = {}, .macs = 0, .sizes = {}, .stream = {}};
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
  for (const ExportReport::Row& row : report.layers) {
    layers.push_back({{"name", row.name},
                      {"op", row.op},
                      {"output", {row.output.time, row.output.freq, row.output.channels}},
                      {"macs", row.macs},
                      {"weight_bytes", row.weight_bytes},
                      {"arena",
                       {{"input_offset", row.place.input_offset},
                        {"output_offset", row.place.output_offset},
                        {"scratch_offset", row.place.scratch_offset},
                        {"scratch_bytes", row.place.scratch_bytes}}}});
  }
  const Json json = {
      {"schema", "kwsmith.export/1"},
      {"generator", info.generator},
      {"format_version", 1},
      {"name", info.name},
      {"type", info.type},
      {"design_sha256", info.design_hash},
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
        {"hop_frames", report.stream.hop_frames},
        {"smoothing_ms", report.stream.smoothing_ms},
        {"threshold_q15", report.stream.threshold},
        {"refractory_ms", report.stream.refractory_ms}}},
      {"layers", layers}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string accuracy_text(const ExportInfo& info) {
  if (info.accuracy_split.empty()) return "not measured";
  return "float " + percent(info.float_accuracy) + ", int8 " + percent(info.int8_accuracy) + " (" +
         info.accuracy_split + " split)";
}

}  // namespace kws
