#include "integer_tables.h"

#include <algorithm>
#include <cmath>

#include "kws_frontend_integer.h"

namespace kws {

namespace {

/// Rounded value * one, at most `highest`.
template <class Integer>
std::vector<Integer> fixed(const std::vector<float>& values, double one, double highest) {
  std::vector<Integer> result;
  result.reserve(values.size());
  for (const float value : values) {
    result.push_back(static_cast<Integer>(std::min(std::round(static_cast<double>(value) * one), highest)));
  }
  return result;
}

}  // namespace

FrontEnd::IntegerTables integer_tables_of(const FrontEnd::Tables& tables) {
  return {.hann = fixed<std::uint16_t>(tables.hann, 32768.0 * 32768.0, 32768.0),
          .mel_weight = fixed<std::uint16_t>(tables.mel_weight, 1024.0, 1023.0),
          .sine = fixed<std::int16_t>(tables.sine, 32768.0, 32767.0),
          .dct = fixed<std::int16_t>(tables.dct, 4096.0, 32767.0)};
}

FrontEnd::IntegerSteps FrontEnd::integer_steps(const Normalisation& norm) {
  constexpr double kFarthest = 1 << 20;  // Q10; no logarithm or its DCT comes near
  IntegerSteps steps;
  for (const float mean : norm.mean) {
    const double value = std::round(static_cast<double>(mean) * KWS_FRONTEND_INTEGER_ONE);
    steps.mean.push_back(static_cast<std::int32_t>(std::clamp(value, -kFarthest, kFarthest)));
  }
  for (const float inverse : inverse_deviation(norm)) {
    // Finer than one unit a step is finer than the logarithm itself.
    int exponent = 0;
    double fraction = std::frexp(std::min(static_cast<double>(inverse) / KWS_FRONTEND_INTEGER_ONE, 0.9999), &exponent);
    if (exponent < -30) {
      fraction = 0.0;
      exponent = -30;
    }
    steps.multiplier.push_back(static_cast<std::uint16_t>(std::min(std::round(fraction * 32768.0), 32767.0)));
    steps.shift.push_back(static_cast<std::uint8_t>(-exponent));
  }
  return steps;
}

}  // namespace kws
