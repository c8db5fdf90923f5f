#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "families/random_design.h"
#include "kws/families/design.h"

namespace kws {
namespace {

using testing::ElementsAre;

/// 49 frames of 10 MFCC, 12 classes.
Graph graph_of(const std::string& network) {
  Design design;
  design.name = "sample";
  design.network = test::network_from(network);
  return build_graph(design);
}

std::vector<std::string> names(const Graph& graph) {
  std::vector<std::string> list;
  for (const Layer& layer : graph.layers()) list.push_back(layer.name);
  return list;
}

template <class Type>
const Type& op(const Graph& graph, std::size_t index) {
  return std::get<Type>(graph.layers().at(index).op);
}

TEST(Dnn, IsDenseWithReluUpToTheLogits) {
  const Graph graph = graph_of(R"({"type": "dnn", "hidden": [20, 30]})");
  EXPECT_THAT(names(graph), ElementsAre("fc1", "fc2", "logits"));
  EXPECT_TRUE(op<Dense>(graph, 0).relu);
  EXPECT_EQ(op<Dense>(graph, 0).norm, Norm::none);
  EXPECT_FALSE(op<Dense>(graph, 2).relu);
  EXPECT_EQ(graph.output(), (Shape{1, 1, 12}));
}

TEST(Cnn, HasValidConvolutionsAndALinearLayerWithoutActivation) {
  const Graph graph = graph_of(R"({"type": "cnn", "conv": [{"filters": 28, "kernel": [10, 4], "stride": [1, 1]},
                   {"filters": 30, "kernel": [10, 4], "stride": [2, 1]}], "linear": 16, "fc": 128})");
  EXPECT_THAT(names(graph), ElementsAre("conv1", "conv2", "linear", "fc", "logits"));
  EXPECT_EQ(graph.layers()[0].output, (Shape{40, 7, 28}));
  EXPECT_EQ(graph.layers()[1].output, (Shape{16, 4, 30}));
  EXPECT_EQ(op<Conv2d>(graph, 0).norm, Norm::affine);
  EXPECT_TRUE(op<Conv2d>(graph, 0).relu);
  EXPECT_FALSE(op<Dense>(graph, 2).relu);
  EXPECT_EQ(op<Dense>(graph, 2).norm, Norm::none);
  EXPECT_TRUE(op<Dense>(graph, 3).relu);
  EXPECT_EQ(op<Dense>(graph, 3).norm, Norm::affine);
}

TEST(Lstm, ComesBasicOrWithPeepholesAndProjection) {
  const Graph basic = graph_of(R"({"type": "basic_lstm", "cells": 118})");
  EXPECT_THAT(names(basic), ElementsAre("lstm", "logits"));
  EXPECT_FALSE(op<Lstm>(basic, 0).peepholes);
  EXPECT_EQ(basic.layers()[0].output, (Shape{1, 1, 118}));
  const Graph projected = graph_of(R"({"type": "lstm", "cells": 144, "projection": 98})");
  EXPECT_TRUE(op<Lstm>(projected, 0).peepholes);
  EXPECT_EQ(projected.layers()[0].output, (Shape{1, 1, 98}));
}

TEST(Gru, HandsTheSequenceUpToTheTopLayer) {
  const Graph graph = graph_of(R"({"type": "gru", "layers": 2, "cells": 7})");
  EXPECT_THAT(names(graph), ElementsAre("gru1", "gru2", "logits"));
  EXPECT_EQ(graph.layers()[0].output, (Shape{49, 1, 7}));
  EXPECT_EQ(graph.layers()[1].output, (Shape{1, 1, 7}));
}

TEST(Crnn, ConvolvesWithoutBatchNorm) {
  const Graph graph = graph_of(R"({"type": "crnn", "conv": {"filters": 48, "kernel": [10, 4], "stride": [2, 2]},
                   "gru_layers": 2, "cells": 60, "fc": 84})");
  EXPECT_THAT(names(graph), ElementsAre("conv1", "gru1", "gru2", "fc", "logits"));
  EXPECT_EQ(op<Conv2d>(graph, 0).norm, Norm::none);
  EXPECT_TRUE(op<Conv2d>(graph, 0).relu);
  EXPECT_EQ(graph.layers()[0].output, (Shape{20, 4, 48}));
  EXPECT_EQ(graph.layers()[1].output, (Shape{20, 1, 60}));
  EXPECT_TRUE(op<Dense>(graph, 3).relu);
  EXPECT_EQ(op<Dense>(graph, 3).norm, Norm::none);
}

TEST(DsCnn, PadsAndShiftsEveryConvolution) {
  const Graph graph = graph_of(R"({"type": "ds_cnn", "conv": {"filters": 64, "kernel": [10, 4], "stride": [2, 1]},
                   "blocks": [{"filters": 32, "kernel": [3, 3], "stride": [2, 2]}]})");
  EXPECT_THAT(names(graph), ElementsAre("conv1", "dw1", "pw1", "pool", "logits"));
  EXPECT_EQ(graph.layers()[0].output, (Shape{25, 10, 64}));
  EXPECT_EQ(graph.layers()[1].output, (Shape{13, 5, 64}));
  EXPECT_EQ(graph.layers()[2].output, (Shape{13, 5, 32}));
  EXPECT_EQ(op<Conv2d>(graph, 0).norm, Norm::beta);
  EXPECT_EQ(op<Depthwise2d>(graph, 1).norm, Norm::beta);
  EXPECT_TRUE(op<Depthwise2d>(graph, 1).relu);
  EXPECT_EQ(op<Conv2d>(graph, 2).norm, Norm::beta);
  EXPECT_TRUE(op<Conv2d>(graph, 2).relu);
}

TEST(DsCnn, AddsWhereShapesAgreeAndKeepsItsRelusBehind) {
  const Graph graph = graph_of(R"({"type": "ds_cnn", "conv": {"filters": 8, "kernel": [10, 4], "stride": [2, 2]},
                   "blocks": [{"filters": 8, "kernel": [3, 3], "stride": [1, 1]},
                              {"filters": 9, "kernel": [3, 3], "stride": [1, 1]}], "residual": true})");
  EXPECT_THAT(names(graph), ElementsAre("conv1", "dw1", "pw1", "add1", "dw2", "pw2", "pool", "logits"));
  EXPECT_FALSE(op<Conv2d>(graph, 2).relu);
  EXPECT_TRUE(op<Add>(graph, 3).relu);
  EXPECT_THAT(graph.layers()[3].inputs, ElementsAre(3, 1));
  EXPECT_TRUE(op<Conv2d>(graph, 5).relu);
}

TEST(DsCnn, PadsFrequenciesAloneWhereTimeIsValid) {
  const Graph graph = graph_of(R"({"type": "ds_cnn", "conv": {"filters": 8, "kernel": [10, 4], "stride": [2, 2]},
                   "blocks": [{"filters": 8, "kernel": [3, 3], "stride": [1, 1]}], "time_padding": "valid"})");
  EXPECT_EQ(graph.layers()[0].output, (Shape{20, 5, 8}));
  EXPECT_EQ(graph.layers()[1].output, (Shape{18, 5, 8}));
}

TEST(DsCnn, AddsTheMiddleOfALongerWayWhereTimeIsNotPadded) {
  const Graph graph = graph_of(R"({"type": "ds_cnn", "conv": {"filters": 8, "kernel": [10, 4], "stride": [2, 2]},
                   "blocks": [{"filters": 8, "kernel": [3, 3], "stride": [2, 1]},
                              {"filters": 8, "kernel": [3, 3], "stride": [1, 1]}], "residual": true,
                   "time_padding": "valid"})");
  EXPECT_THAT(names(graph), ElementsAre("conv1", "dw1", "pw1", "dw2", "pw2", "add2", "pool", "logits"))
      << "no way around a stride";
  EXPECT_EQ(graph.layers()[2].output, (Shape{9, 5, 8}));
  EXPECT_EQ(graph.layers()[5].output, (Shape{7, 5, 8}));
  EXPECT_EQ(first_added(graph.layers()[5]), 1);
}

TEST(DsCnn, NormsBandsOfItsDepthwiseLayers) {
  const Graph graph = graph_of(R"({"type": "ds_cnn", "conv": {"filters": 8, "kernel": [10, 4], "stride": [2, 3]},
                   "blocks": [{"filters": 8, "kernel": [3, 3], "stride": [1, 1]},
                              {"filters": 8, "kernel": [3, 3], "stride": [4, 4]}], "sub_bands": 5})");
  EXPECT_EQ(op<Depthwise2d>(graph, 1).bands, 4) << "as many as frequencies";
  EXPECT_EQ(op<Depthwise2d>(graph, 1).norm, Norm::affine);
  EXPECT_EQ(op<Depthwise2d>(graph, 3).bands, 1);
  EXPECT_EQ(op<Depthwise2d>(graph, 3).norm, Norm::beta);
}

TEST(Cnn, TakesResidualsBandsAndPaddingInTime) {
  const Graph graph = graph_of(R"({"type": "cnn", "conv": [{"filters": 8, "kernel": [10, 4], "stride": [1, 1]},
                   {"filters": 8, "kernel": [10, 1], "stride": [1, 1]}], "linear": 16, "fc": 128,
                   "residual": true, "sub_bands": 3, "time_padding": "same"})");
  EXPECT_THAT(names(graph), ElementsAre("conv1", "norm1", "conv2", "norm2", "add2", "linear", "fc", "logits"));
  EXPECT_EQ(graph.layers()[0].output, (Shape{49, 7, 8}));
  EXPECT_FALSE(op<Conv2d>(graph, 0).relu);
  EXPECT_TRUE(op<Depthwise2d>(graph, 1).relu);
  EXPECT_EQ(op<Depthwise2d>(graph, 1).bands, 3);
  EXPECT_FALSE(op<Depthwise2d>(graph, 3).relu);
  EXPECT_THAT(graph.layers()[4].inputs, ElementsAre(4, 2));
  EXPECT_TRUE(op<Add>(graph, 4).relu);
}

TEST(Cnn, AddsTheMiddleOfALongerWayWhereTimeIsNotPadded) {
  const Graph graph = graph_of(R"({"type": "cnn", "conv": [{"filters": 8, "kernel": [10, 4], "stride": [1, 1]},
                   {"filters": 8, "kernel": [9, 1], "stride": [1, 1]},
                   {"filters": 8, "kernel": [9, 2], "stride": [1, 1]}], "linear": 16, "fc": 128, "residual": true})");
  EXPECT_THAT(names(graph), ElementsAre("conv1", "conv2", "add2", "conv3", "linear", "fc", "logits"))
      << "frequencies are not cropped";
  EXPECT_EQ(graph.layers()[2].output, (Shape{32, 7, 8}));
  EXPECT_EQ(first_added(graph.layers()[2]), 4);
}

TEST(DsTc, SkipsAsItIsOrByAPointwiseConvolution) {
  const std::string stages = R"("stages": [{"filters": 16, "kernel": 3, "stride": 1, "dilation": 1, "repeats": 1,
                   "residual": false}, {"filters": 16, "kernel": 3, "stride": 1, "dilation": 1, "repeats": 1,
                   "residual": true}], "gates": 0)";
  EXPECT_THAT(names(graph_of(R"({"type": "ds_tc", )" + stages + "}")),
              ElementsAre("dw1", "pw1", "dw2", "pw2", "add2", "pool", "logits"));
  EXPECT_THAT(names(graph_of(R"({"type": "ds_tc", )" + stages + R"(, "skip": "pointwise"})")),
              ElementsAre("dw1", "pw1", "dw2", "pw2", "skip2", "add2", "pool", "logits"));
}

TEST(DsTc, AddsTheMiddleOfALongerWayWhereTimeIsNotPadded) {
  const Graph graph = graph_of(R"({"type": "ds_tc", "stages": [{"filters": 16, "kernel": 5, "stride": 2, "dilation": 1,
                   "repeats": 1, "residual": false}, {"filters": 16, "kernel": 3, "stride": 1, "dilation": 2,
                   "repeats": 2, "residual": true}], "gates": 0, "time_padding": "valid"})");
  EXPECT_THAT(names(graph), ElementsAre("dw1", "pw1", "dw2_1", "pw2_1", "dw2_2", "pw2_2", "add2", "pool", "logits"));
  EXPECT_EQ(graph.layers()[1].output, (Shape{23, 1, 16}));
  EXPECT_EQ(graph.layers()[6].output, (Shape{15, 1, 16}));
  EXPECT_EQ(first_added(graph.layers()[6]), 4);
}

TEST(TcResnet, AddsTheMiddleOfALongerWayWhereTimeIsNotPadded) {
  const Graph graph =
      graph_of(R"({"type": "tc_resnet", "first": 8, "blocks": [12], "kernel": 9, "time_padding": "valid"})");
  EXPECT_THAT(names(graph), ElementsAre("conv0", "conv1_1", "conv1_2", "skip1", "add1", "pool", "logits"));
  EXPECT_EQ(graph.layers()[2].output, (Shape{12, 1, 12}));
  EXPECT_EQ(graph.layers()[3].output, (Shape{24, 1, 12}));
  EXPECT_EQ(first_added(graph.layers()[4]), 6);
}

TEST(NetworkTypes, HaveANameAndASummary) {
  EXPECT_THAT(network_types(), ElementsAre("dnn", "cnn", "basic_lstm", "lstm", "gru", "crnn", "ds_cnn", "ds_tc",
                                           "tc_resnet", "bc_resnet"));
  EXPECT_EQ(NetworkOptions("crnn").type(), "crnn");
  for (const std::string& type : network_types()) EXPECT_FALSE(type_summary(type).empty());
  EXPECT_TRUE(type_summary("no_such_type").empty());
}

}  // namespace
}  // namespace kws
