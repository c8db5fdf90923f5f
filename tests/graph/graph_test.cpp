#include "kws/graph/graph.h"

#include <gmock/gmock.h>

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
  EXPECT_EQ(pad_before(49, 25, 10, 2, Padding::same), 4);  // total 9
  EXPECT_EQ(pad_before(10, 5, 4, 2, Padding::same), 1);    // total 2
  EXPECT_EQ(pad_before(10, 10, 4, 1, Padding::same), 1);   // total 3
  EXPECT_EQ(pad_before(9, 3, 1, 4, Padding::same), 0);     // the stride jumps over elements: never negative
  EXPECT_EQ(pad_before(49, 40, 10, 1, Padding::valid), 0);
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
