#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "../../export/runtime/kws_ring.h"

namespace kws::test {
namespace {

TEST(Ring, GivesSamplesBackInOrderAcrossItsEnd) {
  std::array<std::int16_t, 6> memory{};
  kws_ring ring;
  kws_ring_init(&ring, memory.data(), memory.size());
  std::int16_t next_in = 0, next_out = 0;
  for (int round = 0; round < 20; ++round) {
    const std::array<std::int16_t, 3> in{next_in, static_cast<std::int16_t>(next_in + 1),
                                         static_cast<std::int16_t>(next_in + 2)};
    next_in = static_cast<std::int16_t>(next_in + 3);
    ASSERT_EQ(kws_ring_write(&ring, in.data(), 3), 3U);
    std::array<std::int16_t, 8> out{};
    ASSERT_EQ(kws_ring_read(&ring, out.data(), 8), 3U);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(out.at(static_cast<std::size_t>(i)), next_out++);
  }
  EXPECT_EQ(ring.overrun, 0U);
}

TEST(Ring, DropsAndCountsWhatDoesNotFit) {
  std::array<std::int16_t, 4> memory{};
  kws_ring ring;
  kws_ring_init(&ring, memory.data(), memory.size());
  const std::array<std::int16_t, 5> in{1, 2, 3, 4, 5};
  EXPECT_EQ(kws_ring_write(&ring, in.data(), 5), 3U);
  EXPECT_EQ(ring.overrun, 2U);
  EXPECT_EQ(kws_ring_write(&ring, in.data(), 1), 0U);
  EXPECT_EQ(ring.overrun, 3U);
  std::array<std::int16_t, 5> out{};
  EXPECT_EQ(kws_ring_read(&ring, out.data(), 2), 2U);
  EXPECT_EQ(out[1], 2);
  EXPECT_EQ(kws_ring_write(&ring, in.data() + 4, 1), 1U);
  EXPECT_EQ(kws_ring_read(&ring, out.data(), 5), 2U);
  EXPECT_EQ(out[0], 3);
  EXPECT_EQ(out[1], 5);
}

}  // namespace
}  // namespace kws::test
