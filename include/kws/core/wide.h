#pragma once

/// Compiles a function's plain loops for wider registers too, chosen at start: the same operations on each element, so
/// the same bits.
#define KWS_WIDE [[gnu::target_clones("avx512f", "avx2", "default")]]
