#include "kws/core/table.h"

#include <gtest/gtest.h>

namespace kws {
namespace {

TEST(Table, AlignsTextLeftAndNumbersRight) {
  Table table({"name", "ops"});
  table.add({"dnn", "1,000"});
  table.add({"ds_cnn", "-"});
  EXPECT_EQ(table.text(),
            "name      ops\n"
            "dnn     1,000\n"
            "ds_cnn      -\n");
}

TEST(Table, AlignsFiguresWithUnitsRight) {
  Table table({"size"});
  table.add({"9.0 KiB"});
  table.add({"12.25 M"});
  table.add({"396"});
  EXPECT_EQ(table.text(),
            "   size\n"
            "9.0 KiB\n"
            "12.25 M\n"
            "    396\n");
}

TEST(Table, LeavesNoSpaceAtTheEndOfALine) {
  Table table({"a", "summary"});
  table.add({"1", "x"});
  EXPECT_EQ(table.text(), "a  summary\n1  x\n");
}

TEST(Table, CountsLettersNotBytes) {
  Table table({"word", "n"});
  table.add({"grün", "1"});
  EXPECT_EQ(table.text(), "word  n\ngrün  1\n");
}

TEST(Table, PutsSomeColumnsBeforeTheOthers) {
  Table table({"name", "core", "fits"});
  table.add({"dnn", "m4", "yes"});
  EXPECT_EQ(table.first({"fits", "load", "name"}).csv(), "fits,name,core\nyes,dnn,m4\n");
  EXPECT_EQ(table.first({}).csv(), table.csv());
}

TEST(Table, BreaksWordsOfTheLastColumnWhereThereIsRoom) {
  Table table({"name", "what it is"});
  table.add({"ds_cnn", "a pointwise convolution behind each depthwise one"});
  table.add({"dnn", "dense"});
  EXPECT_EQ(table.text(34),
            "name    what it is\n"
            "ds_cnn  a pointwise convolution\n"
            "        behind each depthwise one\n"
            "dnn     dense\n");
  EXPECT_TRUE(table.left_out(34).empty());
  EXPECT_EQ(table.text(25), "name\nds_cnn\ndnn\n") << "too narrow for words";
  EXPECT_EQ(table.left_out(25), std::vector<std::string>{"what it is"});
}

TEST(Table, QuotesCsvCellsThatNeedIt) {
  Table table({"name", "note"});
  table.add({"a,b", "say \"no\""});
  EXPECT_EQ(table.csv(), "name,note\n\"a,b\",\"say \"\"no\"\"\"\n");
}

TEST(Table, LetsNoCellDriveATerminalOrComputeInASpreadsheet) {
  Table table({"name", "n"});
  table.add({"\x1b[31mred\n", "-1.5"});
  table.add({"=cmd()", "+2"});
  table.add({"@sum", "-"});
  EXPECT_EQ(table.text(),
            "name                n\n"
            "\\x1b[31mred\\x0a  -1.5\n"
            "=cmd()             +2\n"
            "@sum                -\n");
  EXPECT_EQ(table.csv(), "name,n\n\\x1b[31mred\\x0a,-1.5\n'=cmd(),+2\n'@sum,-\n");
}

TEST(Numbers, AreGroupedByThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-123456), "-123,456");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

TEST(Numbers, HaveFixedDigits) {
  EXPECT_EQ(fixed(1.0, 2), "1.00");
  EXPECT_EQ(fixed(-0.125, 1), "-0.1");
  EXPECT_EQ(percent(0.8971), "89.71 %");
}

TEST(Table, CountsOneOfAThing) {
  EXPECT_EQ(counted(0, "epoch"), "0 epochs");
  EXPECT_EQ(counted(1, "epoch"), "1 epoch");
  EXPECT_EQ(counted(1000, "epoch"), "1,000 epochs");
}

}  // namespace
}  // namespace kws
