#pragma once

namespace kws {

/// Multiply-adds in whose time training writes, reads and differentiates one number between layers. Source: epochs of
/// 45 designs, see training_cost().
inline constexpr double kValueWork = 30.0;

}  // namespace kws
