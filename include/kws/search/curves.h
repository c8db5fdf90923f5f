#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "kws/families/design.h"

namespace kws {

/// How a design learned.
struct Curve {
  Design design;
  std::int64_t memory_bytes = 0;  ///< by the hello_edge rule, as ops
  std::int64_t ops = 0;
  std::vector<double> accuracy;       ///< int8 validation accuracy after epoch 1, 2 ..., shares in 0..1
  std::vector<double> cross_entropy;  ///< int8 on the validation split, nats, as `accuracy`; empty: not recorded
};

/// Recorded learning curves, on which strategies of search are compared without training anything. All curves have
/// the same length, at least one epoch.
struct CurveTable {
  std::vector<Curve> curves;
  std::string data = "";  ///< fingerprint of the recordings; "": unknown
  [[nodiscard]] int epochs() const { return static_cast<int>(curves.front().accuracy.size()); }
};

/// Reads {"schema": "kwsmith.curves/1", "designs": [{"design": kwsmith.design/1, "type", "memory", "ops", "epochs":
/// [accuracy, ..], "cross_entropy": [nats, ..]}, ..], "epochs", "data"}, plain or compressed by gzip; cross entropies and
/// the last two may be missing. Memory and operations are counted from the design and must be those of the file, as must
/// be the number of epochs.
///   throws  Error (Exit::usage), one line `file: path: fact; remedy`
CurveTable load_curves(const std::filesystem::path& file);

/// Writes what load_curves reads; packed by gzip where the name ends in ".gz", without a time, so that the same table
/// gives the same bytes.
///   table   at least one curve
///   throws  Error (Exit::failed) when the file cannot be written; then nothing is left behind
void save_curves(const std::filesystem::path& file, const CurveTable& table);

/// All curves of several tables; of equal designs the first.
///   names   [tables] what each is called; at least one
///   throws  Error (Exit::usage) where recordings or numbers of epochs differ
CurveTable joined(std::span<const std::string> names, std::span<const CurveTable> tables);

}  // namespace kws
