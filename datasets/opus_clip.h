#pragma once

#include <optional>
#include <span>
#include <vector>

namespace kws {

/// Samples of a whole Ogg file that holds one mono Opus stream made of 16 kHz samples: those libsndfile gives, in a
/// quarter of its time (it asks libopus for sizes at each packet, which asks the CPU for its features).
///   returns  nothing for any other file and for one with a fault: it is libsndfile's to say what that is
std::optional<std::vector<float>> decode_opus_clip(std::span<const char> file);

}  // namespace kws
