#include "kws/quant/int8_engine.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <variant>
#include <vector>

#include "kernels.h"
#include "packed.h"
#include "prepared_layer.h"

namespace kws {

namespace int8 {

const Kernels& kernels_for(Isa isa) {
  if (isa == Isa::portable) return portable_kernels();
  return isa >= Isa::avx512 && has_vnni() ? vnni_kernels() : avx2_kernels();
}

/// Clips side by side: two full tiles of a product, see kernels_text.h.
static constexpr int kGroup = 12;

/// Dense and recurrent layers have one product per clip and step, too few to use what they load of the weights.
static bool wants_group(const Op& op) {
  return std::holds_alternative<Dense>(op) || std::holds_alternative<Lstm>(op) || std::holds_alternative<Gru>(op);
}

}  // namespace int8

/// Layers before the first dense or recurrent one run clip by clip, with planes that stay in the cache; from there on a
/// group of clips runs together, and what these layers read or write is kept for each clip.
struct Int8Engine::Network {
  const int8::Kernels* kernels;
  std::vector<int8::Plane> planes;                  // by tensor
  std::vector<std::size_t> plane_clips;             // by tensor: 1 or kGroup
  std::vector<std::array<std::size_t, 2>> sources;  // by layer: the tensors it reads
  std::vector<std::unique_ptr<int8::PreparedLayer>> layers;
  std::size_t first_grouped = 0;  // layer
  std::size_t scratch_bytes = 0;

  Network(const Int8Model& model, Isa isa) : kernels(&int8::kernels_for(isa)) {
    planes.push_back({.shape = model.input, .step = model.input.channels});
    for (const Int8Layer& layer : model.layers) {
      const Shape& shape = layer.layer.output;
      planes.push_back({.shape = shape, .step = int8::blocks_of(*kernels, shape.channels) * kernels->cells});
    }
    const auto grouped = std::find_if(model.layers.begin(), model.layers.end(),
                                      [](const Int8Layer& layer) { return int8::wants_group(layer.layer.op); });
    first_grouped = int8::to_size(grouped - model.layers.begin());
    plane_clips.assign(planes.size(), 1);
    plane_clips.back() = int8::kGroup;
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
      const Layer& layer = model.layers[i].layer;
      sources.push_back({int8::to_size(layer.inputs.front()), int8::to_size(layer.inputs.back())});
      int8::widen_borders(planes[sources[i][0]], model.layers[i]);
      if (i < first_grouped) continue;
      for (const std::size_t tensor : {sources[i][0], sources[i][1], i + 1}) plane_clips[tensor] = int8::kGroup;
    }
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
      layers.push_back(
          int8::prepare_layer(*kernels, model.layers[i],
                              {.in = planes[sources[i][0]], .second = planes[sources[i][1]], .out = planes[i + 1]},
                              i < first_grouped ? 1 : int8::kGroup));
      scratch_bytes = std::max(scratch_bytes, layers.back()->scratch_bytes());
    }
  }

  class Run;
};

Int8Engine::Int8Engine(const Int8Model& model, Isa isa) : network_(std::make_unique<Network>(model, isa)) {
  assert(supported(isa));
}
Int8Engine::~Int8Engine() = default;
Int8Engine::Int8Engine(Int8Engine&&) noexcept = default;
Int8Engine& Int8Engine::operator=(Int8Engine&&) noexcept = default;

/// The activations of one call, and the way through the layers.
class Int8Engine::Network::Run {
 public:
  explicit Run(const Network& network) : network_(network), scratch_(network.scratch_bytes) {
    const int8::Kernels& kernels = *network.kernels;
    for (std::size_t tensor = 0; tensor < network.planes.size(); ++tensor) {
      const int8::Plane& plane = network.planes[tensor];
      // The last word and register of a plane may reach behind it.
      const std::size_t cells =
          network.plane_clips[tensor] * int8::to_size(plane.size()) + int8::to_size(kernels.cells);
      memory_.emplace_back(cells * int8::cell_bytes(kernels));
      int8::fill_cells(kernels, memory_.back().data(), cells, plane.zero_point);
    }
  }

  void read(const std::int8_t* features, int clip) {
    const int8::Plane& plane = network_.planes.front();
    const auto row = int8::to_size(plane.shape.step());
    for (int t = 0; t < plane.shape.time; ++t) {
      int8::to_cells(*network_.kernels, features + int8::to_size(t) * row, row,
                     int8::at_cell(*network_.kernels, plane_of(0, clip), plane.offset(t, 0)));
    }
  }

  /// Layer i for clips clip .. clip + clips - 1 of the group.
  ///   state  see LayerRun
  void layer(std::size_t i, int clip, int clips, std::vector<std::byte>* state = nullptr) {
    network_.layers[i]->run({.in = plane_of(network_.sources[i][0], clip),
                             .second = plane_of(network_.sources[i][1], clip),
                             .out = plane_of(i + 1, clip),
                             .scratch = scratch_.data(),
                             .clips = clips,
                             .state = state});
  }

  /// A tensor as [time][freq][channels].
  void write(std::size_t tensor, int clip, std::int8_t* to) {
    const int8::Plane& plane = network_.planes[tensor];
    const void* from = plane_of(tensor, clip);
    for (int t = 0; t < plane.shape.time; ++t) {
      for (int f = 0; f < plane.shape.freq; ++f, to += plane.shape.channels) {
        int8::from_cells(*network_.kernels, int8::at_cell(*network_.kernels, from, plane.offset(t, f)),
                         int8::to_size(plane.shape.channels), to);
      }
    }
  }

 private:
  [[nodiscard]] void* plane_of(std::size_t tensor, int clip) {
    const std::ptrdiff_t place = network_.plane_clips[tensor] == 1 ? 0 : clip;
    return int8::at_cell(*network_.kernels, memory_[tensor].data(), place * network_.planes[tensor].size());
  }

  const Network& network_;
  int8::Memory scratch_;
  std::vector<int8::Memory> memory_;  // of each plane
};

void Int8Engine::run(std::span<const std::int8_t> features, std::span<std::int8_t> logits,
                     const LayerObserver& each_layer) const {
  const Network& network = *network_;
  const auto inputs = int8::to_size(network.planes.front().shape.elements());
  const auto classes = int8::to_size(network.planes.back().shape.elements());
  const std::size_t clips = features.size() / inputs;
  assert(features.size() == clips * inputs && logits.size() == clips * classes);

  Network::Run run(network);
  // An observer wants to see one clip after the other.
  const std::size_t group = each_layer ? 1 : int8::kGroup;
  std::vector<std::int8_t> seen;
  for (std::size_t first = 0; first < clips; first += group) {
    const int count = static_cast<int>(std::min(group, clips - first));
    const auto observe = [&](std::size_t i) {
      if (!each_layer) return;
      seen.resize(int8::to_size(network.planes[i + 1].shape.elements()));
      run.write(i + 1, 0, seen.data());
      each_layer(i, seen);
    };
    for (int clip = 0; clip < count; ++clip) {
      run.read(features.data() + (first + int8::to_size(clip)) * inputs, clip);
      for (std::size_t i = 0; i < network.first_grouped; ++i) {
        run.layer(i, clip, 1);
        observe(i);
      }
    }
    for (std::size_t i = network.first_grouped; i < network.layers.size(); ++i) {
      run.layer(i, 0, count);
      observe(i);
    }
    for (int clip = 0; clip < count; ++clip) {
      run.write(network.layers.size(), clip, logits.data() + (first + int8::to_size(clip)) * classes);
    }
  }
}

void Int8Engine::run_on(std::span<const std::int8_t> features, std::span<std::int8_t> logits, State& state) const {
  const Network& network = *network_;
  assert(features.size() == int8::to_size(network.planes.front().shape.elements()));
  assert(logits.size() == int8::to_size(network.planes.back().shape.elements()));
  state.resize(network.layers.size());
  Network::Run run(network);
  run.read(features.data(), 0);
  for (std::size_t i = 0; i < network.layers.size(); ++i) run.layer(i, 0, 1, &state[i]);
  run.write(network.layers.size(), 0, logits.data());
}

void run_int8(const Int8Model& model, std::span<const std::int8_t> features, std::span<std::int8_t> logits,
              const LayerObserver& each_layer) {
  Int8Engine(model).run(features, logits, each_layer);
}

}  // namespace kws
