#include "kws/quant/int8_engine.h"

#include <algorithm>
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
/// group of clips runs together.
struct Int8Engine::Network {
  const int8::Kernels* kernels;
  std::vector<int8::Plane> planes;  // planes[i] before layer i, the last one behind the last layer
  std::vector<std::unique_ptr<int8::PreparedLayer>> layers;
  std::size_t first_grouped = 0;  // layer
  std::size_t scratch_bytes = 0;

  Network(const Int8Model& model, Isa isa) : kernels(&int8::kernels_for(isa)) {
    for (const Int8Layer& layer : model.layers) {
      const int blocks = int8::blocks_of(*kernels, layer.layer.input.channels);
      planes.push_back(
          int8::plane_before(layer, planes.empty() ? layer.layer.input.channels : blocks * kernels->cells));
    }
    const Shape end = model.layers.back().layer.output;
    planes.push_back({.shape = end, .step = int8::blocks_of(*kernels, end.channels) * kernels->cells});

    const auto grouped = std::find_if(model.layers.begin(), model.layers.end(),
                                      [](const Int8Layer& layer) { return int8::wants_group(layer.layer.op); });
    first_grouped = int8::to_size(grouped - model.layers.begin());
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
      layers.push_back(int8::prepare_layer(*kernels, model.layers[i], planes[i], planes[i + 1],
                                           i < first_grouped ? 1 : int8::kGroup));
      scratch_bytes = std::max(scratch_bytes, layers.back()->scratch_bytes());
    }
  }

  class Run;

  [[nodiscard]] void* plane_of(int8::Memory& memory, std::size_t plane, int clip) const {
    return int8::at_cell(*kernels, memory.data(), static_cast<std::ptrdiff_t>(clip) * planes[plane].size());
  }
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
    for (std::size_t i = 0; i < network.planes.size(); ++i) {
      const std::size_t clips = i < network.first_grouped ? 1 : int8::kGroup;
      // The last word and register of a plane may reach behind it.
      const std::size_t cells = clips * int8::to_size(network.planes[i].size()) + int8::to_size(kernels.cells);
      memory_.emplace_back(cells * int8::cell_bytes(kernels));
      int8::fill_cells(kernels, memory_.back().data(), cells, network.planes[i].zero_point);
    }
  }

  void read(const std::int8_t* features, int clip) {
    const int8::Plane& plane = network_.planes.front();
    void* to = network_.plane_of(memory_.front(), 0, network_.first_grouped == 0 ? clip : 0);
    const auto row = int8::to_size(plane.shape.step());
    for (int t = 0; t < plane.shape.time; ++t) {
      int8::to_cells(*network_.kernels, features + int8::to_size(t) * row, row,
                     int8::at_cell(*network_.kernels, to, plane.offset(t, 0)));
    }
  }

  /// Layer i for clips clip .. clip + clips - 1 of the group.
  void layer(std::size_t i, int clip, int clips) {
    const bool keeps = i + 1 >= network_.first_grouped;
    network_.layers[i]->run({.in = network_.plane_of(memory_[i], i, i < network_.first_grouped ? 0 : clip),
                             .out = network_.plane_of(memory_[i + 1], i + 1, keeps ? clip : 0),
                             .scratch = scratch_.data(),
                             .clips = clips});
  }

  /// The plane before layer i as [time][freq][channels].
  void write(std::size_t i, int clip, std::int8_t* to) {
    const int8::Plane& plane = network_.planes[i];
    const void* from = network_.plane_of(memory_[i], i, clip);
    for (int t = 0; t < plane.shape.time; ++t) {
      for (int f = 0; f < plane.shape.freq; ++f, to += plane.shape.channels) {
        int8::from_cells(*network_.kernels, int8::at_cell(*network_.kernels, from, plane.offset(t, f)),
                         int8::to_size(plane.shape.channels), to);
      }
    }
  }

 private:
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
      each_layer(seen);
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

void run_int8(const Int8Model& model, std::span<const std::int8_t> features, std::span<std::int8_t> logits,
              const LayerObserver& each_layer) {
  Int8Engine(model).run(features, logits, each_layer);
}

}  // namespace kws
