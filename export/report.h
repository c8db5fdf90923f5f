#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kws/cost/cost.h"
#include "kws/cost/firmware.h"
#include "kws/export/c_export.h"
#include "stream_reference.h"

namespace kws {

/// What PREFIX_report.json says; the weights of the layers add up to the total.
struct ExportReport {
  struct Row {
    std::string name, op;
    Shape output;
    std::int64_t macs = 0;
    std::int64_t weight_bytes = 0;
    ArenaPlan::Step place;
  };
  ExportInfo info;
  std::string prefix;
  std::vector<Row> layers;
  std::int64_t macs = 0;
  ExportSizes sizes;
  StreamOptions stream;
  std::optional<BoardUse> board;
  std::string constants_hash;  ///< SHA-256, KWS_CONSTANTS_SHA256
  FirmwareCost firmware;       ///< with the labels, table and hop of this export
};

/// Rows and what follows from them: sizes.weights and sizes.arena are filled.
///   asked   whose hop `stream` holds in frames
ExportReport make_report(const ExportModel& model, const Graph& graph, const ArenaPlan& plan,
                         const ExportOptions& asked, const std::string& prefix, const StreamOptions& stream);

/// The file's text, schema kwsmith.export/1.
std::string report_text(const ExportReport& report);

/// PREFIX_report.txt: flash and RAM in rows that add up, work of each core and layer, for people.
std::string report_for_people(const ExportReport& report);

/// "float 93.12 %, int8 92.80 % (testing)"
std::string accuracy_text(const ExportInfo& info);

}  // namespace kws
