#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "kws/cost/cost.h"
#include "kws/graph/graph.h"

namespace kws::test {

/// The bytes of an arena, each with the tensor whose element it last was.
class Replay {
 public:
  Replay(const Graph& graph, const ArenaPlan& plan) : graph_(graph), memory_(static_cast<std::size_t>(plan.bytes)) {
    write(0, plan.steps.front().input_offset);
  }

  /// Every byte that the layer reads is what the layer before wrote; where its blocks write is taken over by its
  /// output.
  void run(std::size_t k, const ArenaPlan::Step& step) {
    const Layer& layer = graph_.layers()[k];
    for (std::size_t input = 0; input < layer.inputs.size(); ++input) {
      const int at = input == 0 ? step.input_offset : step.second_offset;
      const TensorId tensor = layer.inputs[input];
      for (int i = 0; i < graph_.shape(tensor).elements(); ++i) {
        const auto [owner, element] = memory_.at(static_cast<std::size_t>(at + i));
        ASSERT_EQ(owner, tensor) << layer.name << ": element " << i << " of input " << input;
        ASSERT_EQ(element, i) << layer.name;
      }
    }
    for (int i = 0; i < step.scratch_bytes; ++i)
      memory_.at(static_cast<std::size_t>(step.scratch_offset + i)) = {-1, 0};
    if (k + 1 < graph_.layers().size()) write(static_cast<TensorId>(k + 1), step.output_offset);
  }

 private:
  struct Byte {
    TensorId owner = -1;
    int element = 0;
  };
  void write(TensorId tensor, int at) {
    for (int i = 0; i < graph_.shape(tensor).elements(); ++i)
      memory_.at(static_cast<std::size_t>(at + i)) = {tensor, i};
  }

  const Graph& graph_;
  std::vector<Byte> memory_;
};

}  // namespace kws::test
