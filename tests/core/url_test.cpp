#include "kws/core/url.h"

#include <gtest/gtest.h>

namespace kws {
namespace {

TEST(Url, IsShownWithoutWhatMayBeSecret) {
  EXPECT_EQ(public_url("postgresql://kws:SECRET@db:5432/kws"), "postgresql://db:5432/kws");
  EXPECT_EQ(public_url("postgresql://db/kws?user=kws&password=SECRET"), "postgresql://db/kws");
  EXPECT_EQ(public_url("postgresql://kws:SE/C@RET@db/kws"), "postgresql://db/kws");
  EXPECT_EQ(public_url("postgresql:///kws?host=/run&options=-csearch_path%3Dmine"), "postgresql:///kws");
  EXPECT_EQ(public_url("http://user:SECRET@host/a.tar.gz"), "http://host/a.tar.gz");
  EXPECT_EQ(public_url("https://host/a.tar.gz?mail=a@b"), "https://host/a.tar.gz");
  EXPECT_EQ(public_url("no url"), "no url");
  EXPECT_EQ(public_url(""), "");
}

TEST(Url, ItsPasswordsAreMaskedInMessages) {
  const std::string url = "postgresql://kws:SE%21CRET@db/kws?sslpassword=OTHER&connect_timeout=1";
  EXPECT_EQ(without_secrets("bad URI: " + url, url), "bad URI: postgresql://db/kws");
  EXPECT_EQ(without_secrets("near \"kws:SE%21CRET@\"", url), "near \"kws:***@\"");
  EXPECT_EQ(without_secrets("password SE!CRET or OTHER", url), "password *** or ***");
  EXPECT_EQ(without_secrets("role \"kws\" does not exist", url), "role \"kws\" does not exist");
  EXPECT_EQ(without_secrets("plain", "postgresql://db/kws"), "plain");
}

}  // namespace
}  // namespace kws
