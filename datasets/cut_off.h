#pragma once

#include <optional>
#include <string>

#include "file_bytes.h"

namespace kws {

/// What is wrong with a recording that ends before its container says it does, which libsndfile reads as a shorter one:
/// WAV (RIFF, RIFX, RF64, W64), AIFF, CAF, AU, Ogg, and MP3 whose first frame tells its length, as most encoders' does.
/// Where a WAV's length is the placeholder of a program that wrote into a pipe, it is replaced by what there is.
///   returns  nothing where it is whole, or cannot be known or read
std::optional<std::string> cut_off(FileBytes& file);

}  // namespace kws
