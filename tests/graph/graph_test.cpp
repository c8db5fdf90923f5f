#include "kws/graph/graph.h"

#include <gmock/gmock.h>

#include <cmath>
#include <utility>
#include <vector>

#include "kws/core/error.h"

namespace kws {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Shape shape_after(Shape input, const Op& op) { return Graph(input).add("layer", op).output(); }

TEST(GraphShapes, SamePaddingRoundsUpAndValidPaddingNeedsTheWholeKernel) {
  const Shape map{49, 10, 1};
  const auto conv = [](Extent kernel, Extent stride, Padding padding) {
    return Conv2d{.filters = 64, .kernel = kernel, .stride = stride, .padding = padding};
  };
  EXPECT_EQ(shape_after(map, conv({10, 4}, {2, 2}, Padding::same)), (Shape{25, 5, 64}));
  EXPECT_EQ(shape_after(map, conv({10, 4}, {1, 1}, Padding::valid)), (Shape{40, 7, 64}));
  EXPECT_EQ(shape_after(map, conv({10, 4}, {2, 2}, Padding::valid)), (Shape{20, 4, 64}));  // ceil(40 / 2), ceil(7 / 2)
  EXPECT_EQ(shape_after(map, conv({49, 10}, {1, 1}, Padding::valid)), (Shape{1, 1, 64}));
}

TEST(GraphShapes, EveryOpHasItsOwnRule) {
  const Shape map{25, 5, 8};
  EXPECT_EQ(shape_after(map, Depthwise2d{.kernel = {3, 3}, .stride = {2, 1}}), (Shape{13, 5, 8}));
  EXPECT_EQ(shape_after(map, AvgPool2d{}), (Shape{1, 1, 8}));
  EXPECT_EQ(shape_after(map, Dense{.units = 12}), (Shape{1, 1, 12}));
  EXPECT_EQ(shape_after(map, Lstm{.cells = 30}), (Shape{1, 1, 30}));
  EXPECT_EQ(shape_after(map, Lstm{.cells = 30, .projection = 20}), (Shape{1, 1, 20}));
  EXPECT_EQ(shape_after(map, Gru{.cells = 30}), (Shape{1, 1, 30}));
  EXPECT_EQ(shape_after(map, Gru{.cells = 30, .sequence = true}), (Shape{25, 1, 30}));
}

TEST(GraphShapes, EachLayerReadsTheOneBefore) {
  Graph graph({49, 10, 1});
  graph.add("conv1", Conv2d{.filters = 4, .kernel = {3, 3}, .stride = {1, 1}}).add("fc", Dense{.units = 12});
  ASSERT_EQ(graph.layers().size(), 2U);
  EXPECT_EQ(graph.layers()[1].input, graph.layers()[0].output);
  EXPECT_EQ(graph.output(), (Shape{1, 1, 12}));
  EXPECT_EQ(Graph({49, 10, 1}).output(), (Shape{49, 10, 1}));
}

TEST(GraphShapes, MeansDilationAndCausalPaddingGoByDirection) {
  const Shape map{25, 5, 8};
  EXPECT_EQ(shape_after(map, AvgPool2d{.over_time = false}), (Shape{25, 1, 8}));
  EXPECT_EQ(shape_after(map, AvgPool2d{.over_freq = false}), (Shape{1, 5, 8}));
  EXPECT_EQ(shape_after(map, Activate{.function = Function::swish}), map);
  const Conv2d dilated{
      .filters = 4, .kernel = {3, 2}, .stride = {1, 1}, .padding = {Padding::valid, Padding::same}, .dilation = {4, 1}};
  EXPECT_EQ(shape_after(map, dilated), (Shape{17, 5, 4}));  // 25 - (3 - 1) 4
  EXPECT_EQ(shape_after(map, Depthwise2d{.kernel = {9, 1}, .stride = {2, 1}, .padding = Padding::causal}),
            (Shape{13, 5, 8}));
}

TEST(GraphTensors, AreHeldUntilTheirLastReader) {
  Graph graph({6, 4, 2});
  const Conv2d conv{.filters = 2, .kernel = {3, 3}, .stride = {1, 1}};
  const TensorId x = graph.add("conv1", conv, {0});
  const TensorId mean = graph.add("mean", AvgPool2d{.over_time = false}, {x});
  const TensorId narrow = graph.add("conv2", Conv2d{.filters = 2, .kernel = {3, 1}, .stride = {1, 1}}, {mean});
  const TensorId sum = graph.add("add", Add{.relu = true}, {x, narrow});
  EXPECT_EQ(sum, 4);
  EXPECT_FALSE(graph.chain());
  EXPECT_EQ(graph.output(), (Shape{6, 4, 2}));
  EXPECT_EQ(graph.layers()[3].second, (Shape{6, 1, 2}));
  EXPECT_THAT(graph.layers()[3].inputs, ElementsAre(x, narrow));
  // conv1 and mean have x at hand; conv2 runs while it waits; add reads it again.
  std::vector<int> held;
  for (const Layer& layer : graph.layers()) held.push_back(layer.held);
  EXPECT_THAT(held, ElementsAre(0, 0, 48, 0));
  EXPECT_EQ(graph.last_reader(x), 3);
  EXPECT_EQ(graph.last_reader(sum), 3);  // the layer that makes it
}

TEST(Graph, CropsALongerSecondAddend) {
  Graph graph({12, 1, 2});
  const TensorId inner =
      graph.add("dw", Depthwise2d{.kernel = {4, 1}, .stride = {1, 1}, .padding = Padding::valid}, {0});
  graph.add("add", Add{.crop = true}, {inner, 0});
  EXPECT_EQ(graph.output(), (Shape{9, 1, 2}));
  EXPECT_EQ(first_added(graph.layers()[1]), 1) << "as padding of (1, 2) would align them";
  EXPECT_THROW(graph.add("longer", Add{.crop = true}, {0, inner}), Error);
  EXPECT_THROW(graph.add("whole", Add{}, {inner, 0}), Error);
  EXPECT_EQ(first_added(graph.layers()[0]), 0);
}

TEST(GraphErrors, AddendsMustAgreeAndBandsMustHaveFrequencies) {
  Graph graph({6, 4, 2});
  graph.add("conv1", Conv2d{.filters = 3, .kernel = {3, 3}, .stride = {1, 1}});
  EXPECT_THROW(graph.add("add", Add{}, {1, 0}), Error);
  EXPECT_THROW(graph.add("dw", Depthwise2d{.kernel = {3, 3}, .stride = {1, 1}, .norm = Norm::affine, .bands = 5}),
               Error);
  EXPECT_EQ(graph.layers().size(), 1U);
}

TEST(Functions, HaveNamesAndValues) {
  EXPECT_EQ(function_name(Function::hard_swish), "hard_swish");
  EXPECT_DOUBLE_EQ(value_of(Function::hard_swish, 1.0), 4.0 / 6.0);
  EXPECT_DOUBLE_EQ(value_of(Function::relu6, 7.0), 6.0);
  EXPECT_DOUBLE_EQ(value_of(Function::clip, -1.0), 0.0);
  EXPECT_DOUBLE_EQ(value_of(Function::gate, 3.0), 1.0);
  EXPECT_DOUBLE_EQ(value_of(Function::gate, 0.0), 0.5);
  EXPECT_NEAR(value_of(Function::swish, 2.0), 2.0 / (1.0 + std::exp(-2.0)), 1e-12);
}

TEST(GraphErrors, NameTheLayerThatDoesNotFit) {
  Graph graph({49, 10, 1});
  const Conv2d large{.filters = 4, .kernel = {4, 11}, .stride = {1, 1}, .padding = Padding::valid};
  try {
    graph.add("conv1", large);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("layer conv1: the kernel does not fit into its input map of 49x10x1"));
    EXPECT_EQ(error.exit_code(), Exit::usage);
  }
  EXPECT_TRUE(graph.layers().empty());
  EXPECT_THROW(graph.add("fc", Dense{.units = 0}), Error);
}

// TensorFlow's rule: total = max(0, (out - 1) stride + kernel - in), the smaller half before.
TEST(Padding, PutsTheOddElementAtTheEnd) {
  const auto around = [](int in, int out, int kernel, int stride, int dilation, Padding padding) {
    const WindowAxis axis{in, out, kernel, stride, dilation, padding};
    return std::pair(axis.before(), axis.after());
  };
  EXPECT_EQ(around(49, 25, 10, 2, 1, Padding::same), std::pair(4, 5));
  EXPECT_EQ(around(10, 5, 4, 2, 1, Padding::same), std::pair(1, 1));
  EXPECT_EQ(around(10, 10, 4, 1, 1, Padding::same), std::pair(1, 2));
  EXPECT_EQ(around(10, 10, 3, 1, 4, Padding::same), std::pair(4, 4));
  EXPECT_EQ(around(9, 3, 1, 4, 1, Padding::same), std::pair(0, 0));  // the stride jumps over elements: never negative
  EXPECT_EQ(around(49, 40, 10, 1, 1, Padding::valid), std::pair(0, 0));
  EXPECT_EQ(around(49, 25, 10, 2, 1, Padding::causal), std::pair(9, 0));
}

/// "weight 4x3x3x1" for each parameter of the only layer.
std::vector<std::string> parameters(Shape input, const Op& op) {
  std::vector<std::string> texts;
  const Graph graph = Graph(input).add("layer", op);
  for (const ParameterSpec& spec : parameters_of(graph.layers()[0])) {
    std::string text = spec.name;
    char separator = ' ';
    for (const int size : spec.shape) {
      text += separator + std::to_string(size);
      separator = 'x';
    }
    texts.push_back(text);
  }
  return texts;
}

TEST(Parameters, HaveTheShapesTheHeaderPromises) {
  const Shape map{5, 4, 3};
  EXPECT_THAT(parameters(map, Conv2d{.filters = 7, .kernel = {2, 3}, .stride = {1, 1}}),
              ElementsAre("weight 7x2x3x3", "bias 7"));
  EXPECT_THAT(parameters(map, Depthwise2d{.kernel = {2, 3}, .stride = {1, 1}}), ElementsAre("weight 2x3x3", "bias 3"));
  EXPECT_THAT(parameters(map, AvgPool2d{}), ElementsAre());
  EXPECT_THAT(parameters(map, Dense{.units = 2}), ElementsAre("weight 2x60", "bias 2"));
  EXPECT_THAT(parameters(map, Gru{.cells = 6}), ElementsAre("weight 18x12", "recurrent_weight 18x6", "bias 18"));
  EXPECT_THAT(parameters(map, Lstm{.cells = 6}), ElementsAre("weight 24x12", "recurrent_weight 24x6", "bias 24"));
  EXPECT_THAT(parameters(map, Lstm{.cells = 6, .projection = 2, .peepholes = true}),
              ElementsAre("weight 24x12", "recurrent_weight 24x2", "bias 24", "peephole 3x6", "projection_weight 2x6"));
}

TEST(Parameters, CountTheirElements) {
  EXPECT_EQ((ParameterSpec{"weight", {7, 2, 3, 3}}).elements(), 126);
  EXPECT_EQ((ParameterSpec{"weight", {65536, 65536}}).elements(), 4294967296);
}

}  // namespace
}  // namespace kws
