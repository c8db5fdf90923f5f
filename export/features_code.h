#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kws/features/front_end.h"

namespace kws {

/// The generated part of PREFIX_features.c.
struct FeaturesCode {
  std::string tables;            ///< constant arrays
  std::string fields;            ///< initialiser of the front end's structure
  std::string speech_weights;    ///< initialiser, see speech_weights()
  std::int64_t table_bytes = 0;  ///< of the arrays
  int work_bytes = 0;            ///< of one call
};
/// What each int8 feature adds to the mean natural logarithm of a frame's energies in the bands of speech, in 1/65536.
/// Of log-mel features that is their mean over these bands; of cepstral coefficients the same after the way back, as
/// far as those that are kept tell the spectrum. Bands of speech have their peak between kSpeechLowHz and
/// kSpeechHighHz, above hum and below hiss; where none has, all count.
inline constexpr int kSpeechLowHz = 250, kSpeechHighHz = 3500;
std::vector<std::int16_t> speech_weights(const FrontEnd& front_end, const Normalisation& norm);

FeaturesCode features_code(const FrontEnd& front_end, const Normalisation& norm, const std::string& prefix);

}  // namespace kws
