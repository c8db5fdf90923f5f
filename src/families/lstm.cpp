#include "families.h"

namespace kws {
namespace {

struct BasicLstmOptions {
  int cells = 0;
};
template <class Field>
void describe(Field& field, BasicLstmOptions& o) {
  field("cells", o.cells, 1, 2048, "memory cells");
}

void choose(Dials& dial, BasicLstmOptions& o, Extent /*map*/) { dial("cells", o.cells, {32, 400, 2}, "memory cells"); }

void append(Graph& graph, const BasicLstmOptions& o, int classes) {
  graph.add("lstm", Lstm{.cells = o.cells});
  graph.add("logits", Dense{.units = classes});
}

struct LstmOptions {
  int cells = 0;
  int projection = 0;
};
template <class Field>
void describe(Field& field, LstmOptions& o) {
  field("cells", o.cells, 1, 2048, "memory cells");
  field("projection", o.projection, 1, 2048, "size of the projected output");
}

void choose(Dials& dial, LstmOptions& o, Extent /*map*/) {
  dial("cells", o.cells, {32, 512, 4}, "memory cells", {.shapes = true});
  // A projection to as many outputs or more saves nothing.
  dial("projection", o.projection, {16, 200, 2}, "projected outputs, fewer than the cells", {.most = o.cells - 1});
}

void append(Graph& graph, const LstmOptions& o, int classes) {
  graph.add("lstm", Lstm{.cells = o.cells, .projection = o.projection, .peepholes = true});
  graph.add("logits", Dense{.units = classes});
}

}  // namespace

/// One LSTM layer; the classifier reads its last hidden state.
Family basic_lstm() { return family_of<BasicLstmOptions>("basic_lstm", "one LSTM layer, no peepholes, no projection"); }

/// LSTM with peepholes; the projected output is also the recurrent input.
Family lstm() { return family_of<LstmOptions>("lstm", "one LSTM layer with peepholes and a projected output"); }

}  // namespace kws
