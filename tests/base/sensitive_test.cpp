#include "base/sensitive.h"

#include "base/digest.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace couponsync {
namespace {

std::vector<std::byte> key_of(char c) { return std::vector<std::byte>(32, static_cast<std::byte>(c)); }

TEST(Redaction, NamesTheSameValueTheSameAndHidesIt) {
  set_redaction_key(key_of('a'));
  const Openid openid("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
  EXPECT_EQ(openid.redacted(), Openid("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").redacted());
  EXPECT_EQ(openid.redacted().size(), 13U);
  EXPECT_EQ(openid.redacted().front(), '~');
  EXPECT_EQ(openid.redacted().find("oUpF"), std::string::npos);
}

TEST(Redaction, DependsOnTheKey) {
  set_redaction_key(key_of('a'));
  const std::string with_a = redact("o1");
  set_redaction_key(key_of('b'));
  EXPECT_NE(redact("o1"), with_a);
}

TEST(Redaction, RefusesAShortKey) {
  EXPECT_THROW(set_redaction_key(std::vector<std::byte>(8)), std::invalid_argument);
}

TEST(Digest, MatchesThePublishedTestVectors) {
  // FIPS 180-4 example, and RFC 4231 test case 2.
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const std::array key{std::byte{'J'}, std::byte{'e'}, std::byte{'f'}, std::byte{'e'}};
  EXPECT_EQ(to_hex(hmac_sha256(key, "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace couponsync
