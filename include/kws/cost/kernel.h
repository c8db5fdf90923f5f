#pragma once

#include <string_view>

#include "kws/graph/graph.h"

namespace kws {

/// The C function that runs a layer on the device: kws_<name>_s8 of export/runtime/kws_kernels.c. The memory plan, the
/// cycle figures and the code generator follow from this one choice.
enum class Kernel { pointwise, conv2d, depthwise, depthwise_large, dense, avg_pool, gru, lstm, add, activate };
inline constexpr int kKernels = 10;
inline constexpr int kDepthwiseTaps = 25;  ///< KWS_DEPTHWISE_TAPS: larger depthwise kernels take a slower function

Kernel kernel_of(const Layer& layer);
/// True for layers that an export built with CMSIS-NN hands to that library: convolutions and dense layers, but no
/// depthwise one whose channels are no multiple of 4, because there the library reads beyond its tables on Helium.
bool on_cmsis_nn(const Layer& layer);
std::string_view kernel_name(Kernel kernel);

}  // namespace kws
