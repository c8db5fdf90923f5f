#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kws/cost/board.h"
#include "kws/features/front_end.h"
#include "kws/quant/detector.h"
#include "kws/quant/int8_model.h"

namespace kws {

/// What the exported files say about the model besides its numbers.
struct ExportInfo {
  std::string name;                 ///< of the design
  std::string type;                 ///< of the network, e.g. "ds_cnn"
  std::vector<std::string> labels;  ///< [classes]
  double float_accuracy = 0.0;      ///< share in 0..1
  double int8_accuracy = 0.0;
  std::string accuracy_split;  ///< "validation" or "testing"; "" when nothing was measured
  std::uint64_t seed = 0;
  std::string design_hash;  ///< SHA-256, see design_hash()
  std::string generator;    ///< "kwsmith 0.1.0"
  std::string budget = {};  ///< smallest standard budget that the design keeps, or "none of the standard ones"
};

/// An input with the logits the host computes for it.
struct Golden {
  std::vector<std::int8_t> features;  ///< [input elements]
  std::vector<std::int8_t> logits;    ///< [classes]
};

/// A model to be exported; holds references, so it lives no longer than its parts.
struct ExportModel {
  ExportInfo info;
  const Int8Model& network;
  const FrontEnd& front_end;
  const Normalisation& normalisation;
  std::vector<Golden> golden;  ///< the first two are exported; none: two of synthetic_golden()
  DetectorOptions detector = {};
};

/// `count` pseudo-random inputs, the same for every model of this input size, with the host's logits.
std::vector<Golden> synthetic_golden(const Int8Model& network, int count);

struct ExportOptions {
  std::string prefix = "kws";          ///< of every file and name: letters, digits and '_', starting with a letter
  bool replace = false;                ///< an existing folder is replaced
  int hop_ms = 0;                      ///< from decision to decision, a multiple of the stride; 0: default_hop_ms()
  bool flow = true;                    ///< a stream takes the network on by the new frames where plan_stream() says how
  Core core = Core::m4;                ///< whose flash and RAM the report tells, where there is no board
  std::optional<BoardUse> board = {};  ///< with this hop; said in README and report, sizes the example's ring
};

/// Size figures of an export, in bytes.
struct ExportSizes {
  std::int64_t weights = 0;    ///< weight, bias, multiplier and shift arrays; equals constant_bytes(graph)
  std::int64_t tables = 0;     ///< of the front end
  std::int64_t arena = 0;      ///< equals plan_arena(graph).bytes
  std::int64_t pcm_arena = 0;  ///< of the calls that start from audio
  std::int64_t stream_arena = 0;
  std::int64_t stream_state = 0;  ///< sizeof(PREFIX_state) where pointers have 4 bytes
  int hop_ms = 0;
  bool flow = false;              ///< the stream does not run the whole network for a decision
  std::int64_t whole_stream = 0;  ///< arena and state of a stream that does
};

/// Every file of the export by its path in the folder; the same model gives the same bytes.
///   throws  Error (Exit::usage) when the prefix is no C identifier
std::map<std::string, std::string> c_model_files(const ExportModel& model, const ExportOptions& options);

/// Writes these files as the folder `folder`: all of them or none.
///   throws  Error when the folder exists and is not to be replaced, or cannot be written
ExportSizes write_c_model(const ExportModel& model, const ExportOptions& options, const std::filesystem::path& folder);

}  // namespace kws
