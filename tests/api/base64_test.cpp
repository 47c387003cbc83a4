#include "api/base64.h"

#include <gtest/gtest.h>

namespace couponsync {
namespace {

TEST(Base64, AgreesWithTheVectorsOfRfc4648) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"},
                                                         {"\xFB\xFF", "+/8="}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes) << text;
  }
}

TEST(Base64, RefusesWhatOpensslWouldLetPass) {
  for (const char* text : {" Zg==", "Zg== ", "Zg==\n", "\tZm9v", "Zg=", "Zg", "Z", "Z===", "====", "Zg==Zg==",
                           "Zm=v", "=m9v", "Zm9_", "Zm9-", "Zm.v", "Zm\n9v", "Zm9v\n"})
    EXPECT_FALSE(base64_decode(text)) << text;
  EXPECT_FALSE(base64_decode(std::string_view("Zm9\0", 4)));
}

}  // namespace
}  // namespace couponsync
