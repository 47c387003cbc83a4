#include "api/reply_text.h"

#include <gtest/gtest.h>

namespace couponsync {
namespace {

TEST(PrintableAscii, ReplacesWhatIsNotVisibleAndCutsOff) {
  EXPECT_EQ(printable_ascii("a b\r\n\x1B[2J\x7F\xE5", 100), "a b???[2J??");
  EXPECT_EQ(printable_ascii("abcdef", 3), "abc");
}

TEST(OneLine, ReplacesControlCharactersOfBothRanges) {
  EXPECT_EQ(one_line("a\r\nb\tc\x7F\x1B[31m\xC2\x9B"
                     "d\xC2\xA0",
                     100),
            "a  b c  [31m d\xC2\xA0");
}

TEST(OneLine, CutsBetweenCharactersNotBytes) {
  EXPECT_EQ(one_line("券券券", 3), "券券券");
  EXPECT_EQ(one_line("券券券券", 3), "券券券…");
  EXPECT_EQ(one_line("", 3), "");
}

TEST(RequestIdOf, TakesTheHeaderInAnyCaseAndNothingUnprintable) {
  HttpReply reply;
  EXPECT_EQ(request_id_of(reply), "");
  reply.headers.push_back({"request-id", "08F7\n" + std::string(500, 'x')});
  EXPECT_EQ(request_id_of(reply), "08F7?" + std::string(123, 'x'));
}

TEST(RequestIdOf, NeverQuotesTheOpenid) {
  const Openid openid("oh-394z-6CGkNoJrsDLTTUKiAnp4");
  HttpReply reply;
  reply.headers.push_back({"Request-ID", "user " + openid.reveal() + " of " + openid.reveal().substr(0, 12)});
  EXPECT_EQ(request_id_of(reply, openid), "user " + openid.redacted() + " of " + openid.redacted());
}

}  // namespace
}  // namespace couponsync
