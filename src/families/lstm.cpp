#include "family.h"

namespace kws {

static void add_basic(Graph& graph, const NetworkOptions& options, int classes) {
  graph.add("lstm", Lstm{.cells = std::get<BasicLstmOptions>(options).cells});
  graph.add("logits", Dense{.units = classes});
}

static void add_projected(Graph& graph, const NetworkOptions& options, int classes) {
  const auto& o = std::get<LstmOptions>(options);
  graph.add("lstm", Lstm{.cells = o.cells, .projection = o.projection, .peepholes = true});
  graph.add("logits", Dense{.units = classes});
}

/// One LSTM layer; the classifier reads its last hidden state.
Family basic_lstm() {
  return {.name = "basic_lstm",
          .summary = "one LSTM layer, no peepholes, no projection",
          .options = BasicLstmOptions{},
          .add_layers = add_basic};
}

/// LSTM with peepholes; the projected output is also the recurrent input.
Family lstm() {
  return {.name = "lstm",
          .summary = "one LSTM layer with peepholes and a projected output",
          .options = LstmOptions{},
          .add_layers = add_projected};
}

}  // namespace kws
