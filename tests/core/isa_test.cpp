#include "kws/core/isa.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kws/core/error.h"

namespace kws {
namespace {

TEST(Isa, NamesOfSupportedSetsReadBack) {
  for (const Isa isa : kAllIsas) {
    if (supported(isa)) {
      EXPECT_EQ(isa_from_name(isa_name(isa)), isa);
    } else {
      EXPECT_THROW(isa_from_name(isa_name(isa)), Error);
    }
  }
}

TEST(Isa, BestIsTheLastThatTheCpuSupports) {
  EXPECT_TRUE(supported(Isa::portable));
  EXPECT_TRUE(supported(best_isa()));
  for (const Isa isa : kAllIsas) {
    EXPECT_TRUE(isa <= best_isa() || !supported(isa));
  }
}

TEST(Isa, UnknownNameIsWrongUseAndTheMessageListsTheNames) {
  try {
    isa_from_name("sse9");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), Exit::usage);
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("sse9"), testing::HasSubstr("avx512")));
  }
}

}  // namespace
}  // namespace kws
