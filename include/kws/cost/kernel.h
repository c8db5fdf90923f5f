#pragma once

#include <string_view>

#include "kws/graph/graph.h"

namespace kws {

/// The C function that runs a layer on the device: kws_<name>_s8 of export/runtime/kws_kernels.h. The memory plan, the
/// cycle figures and the code generator follow from this one choice.
enum class Kernel {
  pointwise,
  conv2d,
  depthwise,
  depthwise_large,  ///< of any size, dilated, with bands
  dense,
  avg_pool,
  gru,
  lstm,
  add,
  activate,
  conv2d_dilated,
  avg_pool_rows,  ///< over frequency alone
};
inline constexpr int kKernels = 12;
inline constexpr int kDepthwiseTaps = 25;  ///< KWS_DEPTHWISE_TAPS: larger depthwise kernels take another function

Kernel kernel_of(const Layer& layer);
/// True for layers that an export built with CMSIS-NN hands to that library: convolutions and dense layers, but
/// none that is dilated or has bands, and no depthwise one whose channels are no multiple of 4, because there the
/// library reads beyond its tables on Helium.
bool on_cmsis_nn(const Layer& layer);
/// How kws_add_s8 walks over an Add: its first input is [outer][inner][count], the second one [outer][count].
struct AddRows {
  int outer, inner, count;
};
AddRows add_rows(const Layer& layer);
std::string_view kernel_name(Kernel kernel);

}  // namespace kws
