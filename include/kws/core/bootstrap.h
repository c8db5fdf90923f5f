#pragma once

#include <span>

namespace kws {

/// Group of a clip that is the same in every draw: silence, which is not a sample of anything.
constexpr int kFixedGroup = -1;

/// Standard error of an accuracy whose clips are not independent: those of one speaker are right or wrong together.
/// Bootstrap over groups (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 8): 1,000 times as many
/// groups are drawn as there are, with replacement, always by the same random numbers.
///   right   [clips] whether each was recognised
///   groups  [clips] number of its speaker, 0, 1, 2 ... without gaps, or kFixedGroup
///   returns share in 0..1; of a single group that of independent clips, which is the least it can be. Where all clips are
///           right, or all wrong, every draw is the same; then that of the rule of succession (Laplace, 1774): as if one
///           more group had been right and one more wrong
double accuracy_error(std::span<const unsigned char> right, std::span<const int> groups);

}  // namespace kws
