#include <string>

#include "families.h"

namespace kws {
namespace {

struct DnnOptions {
  std::vector<int> hidden;
};
template <class Field>
void describe(Field& field, DnnOptions& o) {
  field("hidden", o.hidden, 1, 4096, "units of each hidden layer");
}

void choose(Dials& dial, DnnOptions& o, Extent /*map*/) {
  int layers = static_cast<int>(o.hidden.size());
  dial("layers", layers, {1, 4}, "hidden layers", {.shapes = true});
  o.hidden.resize(static_cast<std::size_t>(layers), o.hidden.empty() ? 0 : o.hidden.back());
  for (int& width : o.hidden) {
    dial("width", width, {32, 512, 4}, "units of one hidden layer; each layer draws its own");
  }
}

void append(Graph& graph, const DnnOptions& o, int classes) {
  int number = 0;
  for (const int units : o.hidden) graph.add("fc" + std::to_string(++number), Dense{.units = units, .relu = true});
  graph.add("logits", Dense{.units = classes});
}

}  // namespace

/// Fully connected network on the whole clip.
Family dnn() { return family_of<DnnOptions>("dnn", "fully connected layers on the whole clip"); }

}  // namespace kws
