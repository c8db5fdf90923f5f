#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "kws/fused/parameters.h"
#include "kws/graph/graph.h"
#include "kws/quant/int8_model.h"
#include "kws/train/plain_net.h"

namespace kws {

/// A float network in LibTorch's operations.
class FloatNetwork {
 public:
  virtual ~FloatNetwork() = default;
  FloatNetwork() = default;
  FloatNetwork(const FloatNetwork&) = delete;
  FloatNetwork& operator=(const FloatNetwork&) = delete;

  /// Called with each layer's output, [N, C, T, F].
  using Observer = std::function<void(const Layer& layer, std::span<const float> output)>;
  /// Logits [n][classes] of inference; features [n][frames][coefficients].
  virtual std::vector<float> logits(std::span<const std::int8_t> features, const Observer& observer) = 0;
  /// See PlainNet::step().
  ///   int8  whose rounding the step sees; nullptr: none
  virtual double step(std::span<const std::int8_t> features, std::span<const double> targets,
                      const Int8Model* int8) = 0;
};

/// All that this program asks of LibTorch. The functions stand in the shared library kwsmith_torch.so (src/torch), so
/// that only who trains waits for LibTorch's start of a second.
struct FloatModule {
  const char* version;  ///< of the program that it was built with; another one may differ in any class
  /// Threads of the operations that the calling thread starts; the setting belongs to that thread.
  void (*use_threads)(int threads);
  /// One BLAS thread.
  ///   returns  billions of operations a second of the BLAS; infinite where it need not be measured
  double (*prepare_blas)();
  /// The flat arrays of `layout` must outlive the network.
  std::unique_ptr<FloatNetwork> (*trainable)(const Graph& graph, const ParameterLayout& layout,
                                             std::span<float> parameters, std::span<float> gradients,
                                             std::span<float> statistics, Precision precision);
  /// For inference: folded weights, no batch norm.
  std::unique_ptr<FloatNetwork> (*folded)(const Graph& graph, const Weights& weights);
};

/// The name under which the library gives its FloatModule, a function without arguments.
constexpr const char* kFloatModuleSymbol = "kws_float_module";

/// Loaded by the first call: the file beside the program, else in the library folder of the installation.
///   throws  Error when it is not there, or what it needs is not
const FloatModule& float_module();

}  // namespace kws
