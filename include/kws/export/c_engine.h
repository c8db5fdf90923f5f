#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kws/export/c_export.h"

namespace kws {

/// The exported C, compiled on this machine and called: the `c` engine of `kwsmith eval`.
/// Compiler: $CC, else cc, gcc or clang from the path. Thread-safe once made.
class CEngine {
 public:
  ///   throws  Error (Exit::failed) when there is no C compiler or it rejects the files
  explicit CEngine(const ExportModel& model);
  ~CEngine();
  CEngine(CEngine&&) noexcept;
  CEngine& operator=(CEngine&&) noexcept;

  /// features [clips][input elements], logits [clips][classes]
  void run(std::span<const std::int8_t> features, std::span<std::int8_t> logits) const;
  /// pcm [samples of the front end's clip] -> out [input elements], by the exported front end.
  void features(std::span<const std::int16_t> pcm, std::span<std::int8_t> out) const;
  /// pcm [samples of the front end's clip] -> logits [classes]; returns the best class.
  int classify(std::span<const std::int16_t> pcm, std::span<std::int8_t> logits) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kws
