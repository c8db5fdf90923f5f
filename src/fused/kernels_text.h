// Included once per storage and instruction set by a file that defines for it
//   Value, and Vec, kLanes, load, store, splat, multiply_add and the others on floats;
//   Factors, factors_at, factor_splat, accumulate: what a product multiplies, kDepth values to a lane;
//   move, kept, narrow, factors.
// Everything is static: the same text becomes other code in each.

#include "ahead_text.h"
#include "cells_text.h"
#include "channels_text.h"
#include "depthwise_text.h"
#include "gemm_text.h"
#include "maps_text.h"
#include "patches_text.h"
#include "rows_text.h"

static void nothing() {}

static constexpr Kernels<Value> kKernels = {
    kLanes, nothing,       nothing, gemm<float>,   gemm<Value>,   gemm_moments, gemm_masked, factors,
    narrow, activate,      moments, sums,          norm_gradient, mask,         accumulate,  add,
    reduce, spread,        bend,    bend_backward, gather,        scatter,      depthwise,   depthwise_backward,
    lstm,   lstm_backward, gru,     gru_backward};
