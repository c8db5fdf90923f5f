#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kws/core/isa.h"
#include "kws/fused/parameters.h"
#include "kws/graph/graph.h"

namespace kws {

struct TeacherOptions {
  double share = 0.7;
  double temperature = 1.0;
};
template <class Field>
void describe(Field& field, TeacherOptions& o) {
  field("teacher_share", o.share, 0.0, 1.0, "share of a clip's target that the posteriors of --teacher are");
  field("teacher_temperature", o.temperature, 0.1, 20.0, "what its logits are divided by before their softmax");
}

/// A trained network whose posteriors of a clip are part of what another one is to answer. Not for two threads at once.
/// Sources: Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", 2015; that teacher and student see
/// the same augmented clip: Beyer et al., "Knowledge distillation: A good teacher is patient and consistent", CVPR
/// 2022.
class Teacher {
 public:
  /// Its features and classes are those of the student.
  ///   batch  most clips of one call
  Teacher(const Graph& graph, const Weights& weights, TeacherOptions options, int batch, Isa isa);
  ~Teacher();
  Teacher(const Teacher&) = delete;
  Teacher& operator=(const Teacher&) = delete;

  /// Mixes its posteriors into the targets of some clips.
  ///   features  [clips][input elements] int8
  ///   targets   [clips][classes]
  void teach(std::span<const std::int8_t> features, std::span<double> targets);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kws
