#include "kws/core/text.h"

#include <gtest/gtest.h>

namespace kws {
namespace {

TEST(Text, KnowsUtf8) {
  for (const char* good : {"", "yes",
                           "stra\xc3\x9f"
                           "e",
                           "\xe4\xbd\xa0\xe5\xa5\xbd", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  // Latin-1, a cut character, overlong forms, a surrogate, beyond U+10FFFF, a lone continuation.
  for (const char* bad : {"stra\xdf"
                          "e",
                          "\xe4\xbd", "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\x80", "\xff"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(Text, IsShownWithoutWhatDrivesATerminal) {
  EXPECT_EQ(printable("plain \xc3\xa4 text"), "plain \xc3\xa4 text");
  EXPECT_EQ(printable("two\nlines\ttab"), "two\\x0alines\\x09tab");
  EXPECT_EQ(printable("\x1b[31mred\x07\x7f"), "\\x1b[31mred\\x07\\x7f");
  EXPECT_EQ(printable("C1 \xc2\x9b"), "C1 \\xc2\\x9b");
  EXPECT_EQ(printable("stra\xdf"
                      "e"),
            "stra\\xdfe");
}

TEST(Text, IsCutBetweenCharacters) {
  EXPECT_EQ(shortened("four", 4), "four");
  EXPECT_EQ(shortened("fiver", 4), "five...");
  EXPECT_EQ(shortened("abc\xc3\xa4", 4), "abc...");
  EXPECT_EQ(cut_to_width("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", 4), "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f") << "eight bytes";
  EXPECT_EQ(cut_to_width("a\xc2\xb1\xc2\xb1\xc2\xb1\xc2\xb1", 4), "a...");
  EXPECT_EQ(cut_to_width("\xc2\xb1\xc2\xb1\xc2\xb1\xc2\xb1\xc2\xb1", 4), "\xc2\xb1...");
  EXPECT_EQ(cut_to_width("four", 2), "..");
}

}  // namespace
}  // namespace kws
