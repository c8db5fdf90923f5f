#include "kws/train/grown.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "fused/fused_step.h"
#include "kws/core/error.h"
#include "kws/core/options.h"
#include "kws/families/design.h"
#include "kws/train/float_run.h"

namespace kws {
namespace {

using testing::Batch;
using testing::distance;
using testing::trained;

Design known(const std::string& name) {
  for (Design& design : known_designs()) {
    if (design.name == name) return std::move(design);
  }
  throw Error(name + ": unknown");
}

/// A published design with other values, each under its JSON pointer.
Design changed(const std::string& name, const std::vector<std::pair<std::string, Json>>& changes) {
  Json json = design_to_json(known(name));
  for (const auto& [pointer, value] : changes) json[Json::json_pointer(pointer)] = value;
  return design_from_json(json, name);
}

struct Growth {
  std::string name, what;
  std::vector<std::pair<std::string, Json>> changes;
};

class Grown : public ::testing::TestWithParam<Growth> {};

TEST_P(Grown, ComputesWhatTheSmallerNetworkDoes) {
  const Graph from = build_graph(known(GetParam().name));
  const Graph graph = build_graph(changed(GetParam().name, GetParam().changes));
  Rng rng({7});
  const Batch batch(from, 12, rng);
  const NetState state = trained(from, batch, rng);
  const Weights before = folded(from, ParameterLayout(from), state.parameters, state.statistics);
  const Weights after = grown(graph, from, before, 3);
  EXPECT_LT(distance(run_float(graph, after, batch.features), run_float(from, before, batch.features)), 1e-4);
  std::size_t size = 0, size_before = 0;
  for (const auto& [name, tensor] : after) size += tensor.data.size();
  for (const auto& [name, tensor] : before) {
    size_before += tensor.data.size();
    EXPECT_EQ(grown(from, from, before, 3).at(name).data, tensor.data) << "the same network keeps what it has";
  }
  EXPECT_GT(size, size_before);
}

INSTANTIATE_TEST_SUITE_P(
    Parts, Grown,
    ::testing::Values(
        Growth{"dnn_s", "width", {{"/network/hidden/1", 180}}},
        Growth{"cnn_s", "filters", {{"/network/conv/0/filters", 40}, {"/network/linear", 20}}},
        Growth{"cnn_s", "fc", {{"/network/fc", 150}}}, Growth{"basic_lstm_s", "cells", {{"/network/cells", 130}}},
        Growth{"lstm_s", "cells", {{"/network/cells", 200}, {"/network/projection", 120}}},
        Growth{"gru_s", "cells", {{"/network/cells", 170}}},
        Growth{"crnn_s", "cells", {{"/network/conv/filters", 56}, {"/network/cells", 70}}},
        Growth{"ds_cnn_s", "kernel", {{"/network/conv/filters", 72}, {"/network/conv/kernel", {12, 5}}}},
        Growth{"ds_tc_small", "stage", {{"/network/stages/2/kernel", 17}, {"/network/stages/4/filters", 112}}},
        Growth{"bc_resnet_1", "base", {{"/network/base", 10}}},
        Growth{"tc_resnet8", "kernel", {{"/network/kernel", 13}}},
        Growth{"tc_resnet8", "widths", {{"/network/first", 20}, {"/network/blocks", {30, 40, 50}}}}),
    [](const auto& growth) { return growth.param.name + "_" + growth.param.what; });

TEST(Grown, RefusesWhatIsNoLargerForm) {
  const auto fails = [](const Design& design, const std::string& from) {
    const Graph small = build_graph(known(from));
    const ParameterLayout layout(small);
    const NetState state = initial_state(small, layout, 1);
    const Weights weights = folded(small, layout, state.parameters, state.statistics);
    try {
      static_cast<void>(grown(build_graph(design), small, weights, 1));
      return std::string("nothing");
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_NE(fails(changed("ds_cnn_s", {{"/network/conv/filters", 60}}), "ds_cnn_s").find("conv1: the design is no"),
            std::string::npos);
  EXPECT_NE(fails(changed("tc_resnet8", {{"/network/kernel", 8}}), "tc_resnet8").find("larger form"),
            std::string::npos);
  EXPECT_NE(fails(changed("bc_resnet_1", {{"/network/bands", 4}}), "bc_resnet_1").find("larger form"),
            std::string::npos);
  EXPECT_NE(fails(known("dnn_s"), "cnn_s").find("larger form"), std::string::npos);
  const auto dilated = [](int kernel) { return changed("matchboxnet_3x2x64", {{"/network/stages/4/kernel", kernel}}); };
  EXPECT_NE(fails(dilated(30), "matchboxnet_3x2x64").find("larger form"), std::string::npos)
      << "every tap would read a frame earlier";
  EXPECT_EQ(fails(dilated(31), "matchboxnet_3x2x64"), "nothing");
}

}  // namespace
}  // namespace kws
