#pragma once

namespace kws {

constexpr int kRateHz = 16000;  ///< sample rate of every clip, recording and exported spotter
constexpr int kSamplesPerMs = kRateHz / 1000;

/// Length of a clip: what a network hears at once. A design may choose another.
constexpr int kClipMs = 1000;
constexpr int kShortestClipMs = 500, kLongestClipMs = 3000;
constexpr int kClipSamples = kClipMs * kSamplesPerMs;

/// The order of a model's classes: silence, words that are no keyword, then the keywords.
constexpr int kSilence = 0;
constexpr int kUnknown = 1;
constexpr int kFirstKeyword = 2;

}  // namespace kws
