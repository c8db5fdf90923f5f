// model.int8.json of networks with every operation; the first byte picks the network.
#include "fuzz.h"
#include "kws/core/options.h"
#include "kws/quant/int8_engine.h"
#include "model/random_model.h"

static const std::vector<kws::test::NamedGraph>& graphs() {
  static const auto all = kws::test::small_graphs(12, 5, 3);
  return all;
}

int LLVMFuzzerInitialize(int* argc, char*** argv) {
  std::vector<std::string> seeds;
  for (std::size_t i = 0; i < graphs().size(); ++i) {
    seeds.push_back(static_cast<char>(i) +
                    kws::text_of(int8_to_json(kws::test::RandomModels(1).model(graphs()[i].graph))));
  }
  return kws::fuzz::begin_corpus(*argc, *argv, seeds);
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  return kws::fuzz::refuse_or_read(data, size, [&] {
    const kws::Graph& graph = graphs()[data[0] % graphs().size()].graph;
    const kws::Int8Model model =
        int8_from_json(kws::parse_json(kws::fuzz::text(data + 1, size - 1), "fuzz"), graph, "fuzz");
    const std::vector<std::int8_t> features(static_cast<std::size_t>(model.input.elements()), 7);
    std::vector<std::int8_t> logits(static_cast<std::size_t>(model.classes()));
    kws::Int8Engine(model).run(features, logits);
  });
}
