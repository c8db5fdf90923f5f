#include "kws/core/amount.h"

#include <gmock/gmock.h>

#include "kws/core/error.h"

namespace kws {
namespace {

TEST(Amount, ReadsSuffixes) {
  for (const char* text : {"81920", "80K", "80 KiB", "80kb", "81920B", "8.192e4"}) {
    EXPECT_EQ(amount_from(text, Amount::bytes), 81920.0) << text;
  }
  EXPECT_EQ(amount_from("1M", Amount::bytes), 1048576.0);
  EXPECT_EQ(amount_from("1.5k", Amount::bytes), 1536.0);
  EXPECT_EQ(amount_from("6M", Amount::count), 6e6);
  EXPECT_EQ(amount_from("8.2M", Amount::count), 8.2e6) << "8.2 * 1e6 is 8199999.999999999";
  EXPECT_EQ(amount_from("16.1K", Amount::count), 16100.0);
  EXPECT_EQ(amount_from("12.5 ms", Amount::milliseconds), 12.5);
  EXPECT_DOUBLE_EQ(amount_from("80%", Amount::share), 0.8);
  EXPECT_EQ(amount_from("0", Amount::share), 0.0);
}

TEST(Amount, WhatIsNoneIsToldWithAnExample) {
  const auto complaint = [](const char* text, Amount amount) {
    try {
      amount_from(text, amount);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), Exit::usage);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(complaint("80X", Amount::bytes),
            "\"80X\" is no size; write whole bytes, or K, KiB, M or MiB behind a number: 80K is 81,920");
  for (const char* text : {"", "K", "-1", "0.3", "1e300", "nan", "inf", "80 K B"}) {
    EXPECT_THAT(complaint(text, Amount::bytes), ::testing::HasSubstr("is no size")) << text;
  }
  EXPECT_THAT(complaint("6MiB", Amount::count), ::testing::HasSubstr("6M is 6,000,000"));
  EXPECT_THAT(complaint("80", Amount::share), ::testing::HasSubstr("write 0.8 or 80%"));
}

TEST(Amount, IsRoundedWhereTheLastDigitDoesNotMatter) {
  EXPECT_EQ(rounded_amount(1023, Amount::bytes), "1,023");
  EXPECT_EQ(rounded_amount(81920, Amount::bytes), "80.0 KiB");
  EXPECT_EQ(rounded_amount(1572864, Amount::bytes), "1.50 MiB");
  EXPECT_EQ(rounded_amount(9999, Amount::count), "9,999");
  EXPECT_EQ(rounded_amount(2482116, Amount::count), "2.48 M");
}

}  // namespace
}  // namespace kws
