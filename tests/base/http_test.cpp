#include "base/http.h"

#include <gtest/gtest.h>

namespace couponsync {
namespace {

TEST(HttpReply, FindsAHeaderWithoutRegardToCase) {
  HttpReply reply;
  reply.headers = {{"request-id", "1"}, {"Request-ID", "2"}};
  EXPECT_EQ(reply.header("REQUEST-ID"), "1");
  EXPECT_EQ(reply.header("Request-I"), std::nullopt);
}

}  // namespace
}  // namespace couponsync
