#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kws {

/// Background recordings of 20 s made by arithmetic, as (file name, samples at 16 kHz).
///   spoken  words to mix into the babble, 16 kHz; none: no babble
std::vector<std::pair<std::string, std::vector<std::int16_t>>> make_noises(
    const std::vector<std::vector<std::int16_t>>& spoken, std::uint64_t seed);

}  // namespace kws
