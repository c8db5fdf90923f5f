#include "arithmetic.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kws/quant/int8_model.h"

namespace kws {

// round(32768 * sigmoid(k / 32)); written out so that no machine's exp() can change a model's output.
static const std::array<std::uint16_t, 257> sigmoid_table = {
    16384, 16640, 16896, 17151, 17407, 17661, 17916, 18169, 18421, 18673, 18923, 19173, 19420, 19667, 19912, 20155,
    20397, 20636, 20874, 21110, 21344, 21575, 21804, 22031, 22255, 22477, 22696, 22913, 23127, 23338, 23547, 23753,
    23955, 24155, 24352, 24546, 24737, 24925, 25110, 25292, 25471, 25646, 25819, 25988, 26155, 26318, 26479, 26636,
    26790, 26941, 27090, 27235, 27377, 27516, 27653, 27786, 27917, 28045, 28169, 28292, 28411, 28528, 28642, 28753,
    28862, 28968, 29072, 29173, 29272, 29368, 29462, 29554, 29644, 29731, 29816, 29899, 29979, 30058, 30135, 30210,
    30282, 30353, 30422, 30489, 30555, 30618, 30680, 30740, 30799, 30856, 30912, 30966, 31018, 31069, 31119, 31167,
    31214, 31260, 31304, 31347, 31389, 31430, 31469, 31508, 31545, 31581, 31616, 31651, 31684, 31716, 31747, 31778,
    31807, 31836, 31864, 31891, 31917, 31943, 31968, 31992, 32015, 32038, 32060, 32081, 32102, 32122, 32141, 32160,
    32179, 32196, 32214, 32231, 32247, 32263, 32278, 32293, 32307, 32321, 32335, 32348, 32361, 32373, 32385, 32397,
    32408, 32419, 32430, 32440, 32450, 32460, 32469, 32478, 32487, 32496, 32504, 32512, 32520, 32527, 32535, 32542,
    32549, 32555, 32562, 32568, 32574, 32580, 32586, 32592, 32597, 32602, 32607, 32612, 32617, 32622, 32626, 32630,
    32635, 32639, 32643, 32647, 32650, 32654, 32657, 32661, 32664, 32667, 32670, 32673, 32676, 32679, 32682, 32684,
    32687, 32689, 32692, 32694, 32696, 32699, 32701, 32703, 32705, 32707, 32709, 32711, 32712, 32714, 32716, 32717,
    32719, 32720, 32722, 32723, 32725, 32726, 32727, 32728, 32730, 32731, 32732, 32733, 32734, 32735, 32736, 32737,
    32738, 32739, 32740, 32741, 32742, 32742, 32743, 32744, 32745, 32745, 32746, 32747, 32747, 32748, 32749, 32749,
    32750, 32750, 32751, 32752, 32752, 32753, 32753, 32753, 32754, 32754, 32755, 32755, 32756, 32756, 32756, 32757,
    32757,
};

std::int32_t sigmoid_q15(std::int32_t x_q12) {
  const std::int64_t magnitude = std::abs(std::int64_t{x_q12});
  std::int32_t value = sigmoid_table.back();
  if (magnitude < 8 * 4096) {
    const auto k = static_cast<std::size_t>(magnitude >> 7);
    const auto fraction = static_cast<std::int32_t>(magnitude & 127);
    const std::int32_t low = sigmoid_table[k];
    value = low + (((sigmoid_table[k + 1] - low) * fraction + 64) >> 7);
  }
  return x_q12 >= 0 ? value : 32768 - value;
}

std::int32_t tanh_q15(std::int32_t x_q12) {
  // The sigmoid is flat beyond 8, so clamping first changes nothing and keeps the doubling inside 32 bit.
  const std::int32_t doubled = 2 * std::clamp(x_q12, -(1 << 20), 1 << 20);
  return std::clamp(2 * sigmoid_q15(doubled) - 32768, -32768, 32767);
}

const std::array<std::int32_t, 257>& sigmoid_pairs() {
  static const auto pairs = [] {
    std::array<std::int32_t, 257> both{};
    for (std::size_t k = 0; k < both.size(); ++k) {
      // Flat behind the end.
      const std::int32_t next = sigmoid_table[std::min(k + 1, both.size() - 1)];
      both[k] = sigmoid_table[k] + ((next - sigmoid_table[k]) * 65536);
    }
    return both;
  }();
  return pairs;
}

void quantize_multiplier(double factor, std::int32_t& multiplier, std::int8_t& shift) {
  assert(factor >= 0 && factor < 0x1p30);
  multiplier = 0;
  shift = 0;
  int exponent = 0;
  auto q31 = static_cast<std::int64_t>(std::llround(std::frexp(factor, &exponent) * 0x1p31));
  if (q31 == std::int64_t{1} << 31) {
    q31 >>= 1;
    ++exponent;
  }
  // Below 2^-32 every int32 accumulator rounds to 0.
  if (q31 == 0 || exponent < -31) return;
  if (exponent > 30) {  // the largest factor may have been rounded up
    exponent = 30;
    q31 = std::numeric_limits<std::int32_t>::max();
  }
  multiplier = static_cast<std::int32_t>(q31);
  shift = static_cast<std::int8_t>(exponent);
}

}  // namespace kws
