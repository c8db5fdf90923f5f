#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <mutex>
#include <new>
#include <optional>

#include "float_net.h"
#include "kws/core/library.h"
#include "kws/train/float_module.h"

namespace kws {

namespace {

/// OpenBLAS takes a buffer for each thread that multiplies, and tries for ever where it gets none.
void require_room_for_blas() {
  struct Room {
    Room() {
      constexpr std::size_t kBuffer = std::size_t{160} << 20;
      if (!has_room(kBuffer)) throw std::bad_alloc();
    }
  };
  static const thread_local Room room;
}

/// Keeps LibTorch, all its threads, from oneDNN as long as one of them lives, see Precision::float32_native.
class NoOneDnn {
 public:
  NoOneDnn() {
    const std::scoped_lock lock(mutex);
    if (count++ > 0) return;
    enabled = at::globalContext().userEnabledMkldnn();
    at::globalContext().setUserEnabledMkldnn(false);
  }
  ~NoOneDnn() {
    const std::scoped_lock lock(mutex);
    if (--count == 0) at::globalContext().setUserEnabledMkldnn(enabled);
  }
  NoOneDnn(const NoOneDnn&) = delete;
  NoOneDnn& operator=(const NoOneDnn&) = delete;

 private:
  static inline std::mutex mutex;  ///< guards the two below
  static inline int count = 0;
  static inline bool enabled = true;
};

class TorchNetwork : public FloatNetwork {
 public:
  TorchNetwork(const Graph& graph, const Weights& weights) : input_(graph.input()), net_(graph, weights) {}
  TorchNetwork(const Graph& graph, const ParameterLayout& layout, std::span<float> parameters,
               std::span<float> gradients, std::span<float> statistics, Precision precision)
      : input_(graph.input()),
        net_(graph, layout, parameters, gradients, statistics,
             precision == Precision::float64 ? torch::kDouble : torch::kFloat),
        native_(precision == Precision::float32_native),
        gradients_(gradients) {}

  std::vector<float> logits(std::span<const std::int8_t> features, const Observer& observer) override {
    require_room_for_blas();
    const torch::NoGradGuard no_grad;
    FloatNet::Observer tensors;
    if (observer) {
      tensors = [&](const Layer& layer, const torch::Tensor& output) {
        const torch::Tensor plain = output.contiguous();
        observer(layer, {plain.data_ptr<float>(), static_cast<std::size_t>(plain.numel())});
      };
    }
    const torch::Tensor logits = net_.forward(to_input(features, input_), false, tensors).contiguous();
    const auto* data = logits.data_ptr<float>();
    return {data, data + logits.numel()};
  }

  double step(std::span<const std::int8_t> features, std::span<const double> targets, const Int8Model* int8) override {
    require_room_for_blas();
    std::optional<NoOneDnn> guard;
    if (native_) guard.emplace();
    std::ranges::fill(gradients_, 0.0F);
    const torch::Tensor input = to_input(features, input_);
    const torch::Tensor logits = int8 != nullptr ? net_.forward_rounded(input, *int8) : net_.forward(input, true);
    torch::Tensor target = torch::empty(logits.sizes(), torch::kDouble);
    std::ranges::copy(targets, target.data_ptr<double>());
    torch::Tensor loss = torch::nn::functional::cross_entropy(logits, target.to(logits.scalar_type()));
    loss.backward();
    net_.collect_gradients();
    return loss.item<double>();
  }

 private:
  Shape input_;
  FloatNet net_;
  bool native_ = false;
  std::span<float> gradients_;
};

void use_threads(int threads) { at::set_num_threads(threads); }

double prepare_blas() {
  using SetThreads = void (*)(int);
  if (auto* set_threads = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) {
    set_threads(1);
    return std::numeric_limits<double>::infinity();
  }
  const torch::NoGradGuard no_grad;
  const torch::Tensor a = torch::ones({256, 256});
  torch::Tensor product = torch::mm(a, a);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 4; ++i) product = torch::mm(a, a);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return 4 * 2.0 * 256 * 256 * 256 / seconds.count() * 1e-9;
}

std::unique_ptr<FloatNetwork> trainable(const Graph& graph, const ParameterLayout& layout, std::span<float> parameters,
                                        std::span<float> gradients, std::span<float> statistics, Precision precision) {
  return std::make_unique<TorchNetwork>(graph, layout, parameters, gradients, statistics, precision);
}

std::unique_ptr<FloatNetwork> with_weights(const Graph& graph, const Weights& weights) {
  return std::make_unique<TorchNetwork>(graph, weights);
}

}  // namespace

}  // namespace kws

/// The library's one symbol: kFloatModuleSymbol.
extern "C" __attribute__((visibility("default"))) const kws::FloatModule& kws_float_module() {
  static const kws::FloatModule module{.version = KWS_VERSION,
                                       .use_threads = kws::use_threads,
                                       .prepare_blas = kws::prepare_blas,
                                       .trainable = kws::trainable,
                                       .folded = kws::with_weights};
  return module;
}
