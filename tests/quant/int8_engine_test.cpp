// Every instruction set against the portable one; tests/export/c_engine_test.cpp holds them against the exported C.
#include "kws/quant/int8_engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "export/random_models.h"

namespace kws {
namespace {

using Bytes = std::vector<std::int8_t>;

std::vector<Isa> other_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::avx2, Isa::avx512}) {
    if (supported(isa)) isas.push_back(isa);
  }
  return isas;
}

Padding any_padding(Rng& rng) { return rng.below(2) == 0 ? Padding::same : Padding::valid; }

/// Odd sizes throughout: channels that fill no register, strides beyond the kernel, planes of one column.
Graph random_graph(Rng& rng) {
  Graph graph({.time = rng.between(1, 30), .freq = rng.between(1, 11), .channels = rng.between(1, 3)});
  const auto extent = [&](int most) {
    const Shape shape = graph.output();
    return Extent{rng.between(1, std::min(most, shape.time)), rng.between(1, std::min(most, shape.freq))};
  };
  for (int i = rng.between(0, 3); i > 0; --i) {
    const std::string name = "map" + std::to_string(i);
    const Extent stride{rng.between(1, 3), rng.between(1, 3)};
    if (rng.below(2) == 0) {
      graph.add(name, Conv2d{.filters = rng.between(1, 70),
                             .kernel = extent(5),
                             .stride = stride,
                             .padding = any_padding(rng),
                             .relu = rng.below(2) == 0});
    } else {
      graph.add(name, Depthwise2d{.kernel = extent(6), .stride = stride, .padding = any_padding(rng)});
    }
  }
  if (rng.below(3) == 0) graph.add("sequence", Gru{.cells = rng.between(1, 70), .sequence = true});
  const int cells = rng.between(1, 70);
  switch (rng.below(5)) {
    case 0:
      graph.add("pool", AvgPool2d{});
      break;
    case 1:
      graph.add("gru", Gru{.cells = cells});
      break;
    case 2:
      graph.add("lstm", Lstm{.cells = cells, .peepholes = true});
      break;
    case 3:
      graph.add("lstm", Lstm{.cells = cells, .projection = rng.between(1, 40)});
      break;
    default:
      break;
  }
  return graph.add("logits", Dense{.units = rng.between(1, 40), .relu = rng.below(4) == 0});
}

/// Weights at both ends of their range, which quantize() never uses in full.
void go_to_extremes(Int8Model& model, Rng& rng) {
  for (Int8Layer& layer : model.layers) {
    for (Bytes* weight : {&layer.main.weight, &layer.recurrent.weight, &layer.projection.weight, &layer.peephole}) {
      for (std::int8_t& w : *weight) w = static_cast<std::int8_t>(rng.below(2) == 0 ? -128 : 127);
    }
  }
}

Bytes features(const Int8Model& model, int clips, Rng& rng) {
  Bytes bytes;
  for (int clip = 0; clip < clips; ++clip) {
    const int kind = clip % 6;
    for (int i = 0; i < model.input.elements(); ++i) {
      const int value = kind == 0 ? -128 : kind == 1 ? 127 : kind == 2 ? -128 + 255 * (i % 2) : rng.between(-128, 127);
      bytes.push_back(static_cast<std::int8_t>(value));
    }
  }
  return bytes;
}

Bytes run(const Int8Engine& engine, const Int8Model& model, const Bytes& in) {
  const std::size_t clips = in.size() / static_cast<std::size_t>(model.input.elements());
  Bytes out(clips * static_cast<std::size_t>(model.classes()));
  engine.run(in, out);
  return out;
}

TEST(Int8Engine, GivesTheSameBytesWithEveryInstructionSet) {
  if (other_isas().empty()) GTEST_SKIP() << "this CPU has one instruction set only";
  int lively = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Rng rng({seed});
    const Shape input{.time = rng.between(9, 30), .freq = rng.between(1, 11), .channels = rng.between(1, 40)};
    Int8Model model =
        test::RandomModels(seed).model(seed % 2 == 0 ? random_graph(rng) : test::random_residual(input, 6, seed));
    if (seed % 3 == 0) go_to_extremes(model, rng);
    const Bytes in = features(model, 1 + static_cast<int>(seed % 31), rng);
    const Bytes expected = run(Int8Engine(model, Isa::portable), model, in);
    for (const Isa isa : other_isas()) {
      EXPECT_EQ(run(Int8Engine(model, isa), model, in), expected) << isa_name(isa) << ", seed " << seed;
    }
    lively += std::set<std::int8_t>(expected.begin(), expected.end()).size() > 4 ? 1 : 0;
  }
  EXPECT_GT(lively, 75);  // models that answer the same to everything would prove nothing
}

TEST(Int8Engine, ComputesAClipAloneAsAmongOthers) {
  for (const test::NamedGraph& named : test::small_graphs(25, 10, 6)) {
    const Int8Model model = test::RandomModels(3).model(named.graph);
    Rng rng({3});
    const Bytes in = features(model, 29, rng);
    const Int8Engine engine(model);
    const Bytes together = run(engine, model, in);
    const auto inputs = static_cast<std::ptrdiff_t>(model.input.elements());
    for (std::ptrdiff_t clip = 0; clip < 29; ++clip) {
      const Bytes alone(in.begin() + clip * inputs, in.begin() + (clip + 1) * inputs);
      EXPECT_EQ(run(engine, model, alone), Bytes(together.begin() + clip * 6, together.begin() + (clip + 1) * 6))
          << named.name << ", clip " << clip;
    }
  }
}

TEST(Int8Engine, CarriesTheStateOfRecurrentLayersFromPieceToPiece) {
  int carried = 0;
  for (const test::NamedGraph& named : test::small_graphs(25, 10, 6)) {
    const Op& first = named.graph.layers().front().op;
    if (!std::holds_alternative<Gru>(first) && !std::holds_alternative<Lstm>(first)) continue;
    ++carried;
    const Int8Model model = test::RandomModels(3).model(named.graph);
    Rng rng({3});
    const Int8Model all = with_frames(model, 25 + 3 * 7);
    const Bytes in = features(all, 1, rng);
    for (const Isa isa : {Isa::portable, best_isa()}) {
      const Int8Engine engine(model, isa), next(with_frames(model, 7), isa);
      Int8Engine::State state;
      Bytes out(6);
      engine.run_on(std::span(in).first(250), out, state);
      for (std::size_t piece = 0; piece < 3; ++piece) {
        const std::size_t heard = 250 + 70 * (piece + 1);
        next.run_on(std::span(in).subspan(heard - 70, 70), out, state);
        const Int8Model whole = with_frames(model, static_cast<int>(heard / 10));
        EXPECT_EQ(out, run(Int8Engine(whole, isa), whole, Bytes(in.begin(), in.begin() + static_cast<int>(heard))))
            << named.name << ", piece " << piece;
      }
    }
  }
  EXPECT_GE(carried, 3);
}

TEST(Int8Engine, ShowsEveryLayerOfEveryClipInOrder) {
  const Int8Model model = test::RandomModels(4).model(test::small_graphs(25, 10, 6)[3].graph);
  Rng rng({4});
  const Bytes in = features(model, 14, rng);
  std::vector<std::vector<Bytes>> seen;
  for (const Isa isa : {Isa::portable, best_isa()}) {
    std::vector<Bytes>& outputs = seen.emplace_back();
    Bytes logits(14 * 6);
    Int8Engine(model, isa).run(in, logits, [&](std::size_t layer, std::span<const std::int8_t> output) {
      EXPECT_EQ(layer, outputs.size() % model.layers.size());
      outputs.emplace_back(output.begin(), output.end());
    });
    ASSERT_EQ(outputs.size(), 14 * model.layers.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const Layer& layer = model.layers[i % model.layers.size()].layer;
      EXPECT_EQ(outputs[i].size(), static_cast<std::size_t>(layer.output.elements()));
    }
    EXPECT_EQ(outputs.back(), Bytes(logits.end() - 6, logits.end()));
  }
  EXPECT_EQ(seen[0], seen[1]);
}

TEST(Int8Engine, ServesThreadsSideBySide) {
  const Int8Model model = test::RandomModels(5).model(test::small_graphs(25, 10, 6)[7].graph);
  Rng rng({5});
  const Bytes in = features(model, 60, rng);
  const Int8Engine engine(model);
  const Bytes expected = run(engine, model, in);
  std::vector<Bytes> found(4);
  {
    std::vector<std::jthread> threads;
    for (Bytes& out : found) threads.emplace_back([&] { out = run(engine, model, in); });
  }
  for (const Bytes& out : found) EXPECT_EQ(out, expected);
}

}  // namespace
}  // namespace kws
