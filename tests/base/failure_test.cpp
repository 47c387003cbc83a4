#include "base/failure.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace couponsync {
namespace {

constexpr int kKinds = static_cast<int>(FailureKind::mirror_gone) + 1;

TEST(FailureRule, EveryKindHasARuleOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i < kKinds; ++i) {
    const FailureRule& rule = rule_of(static_cast<FailureKind>(i));
    EXPECT_EQ(static_cast<int>(rule.kind), i);
    EXPECT_FALSE(rule.advice.empty()) << rule.name;
    names.insert(rule.name);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kKinds));
}

TEST(FailureRule, ALimitOrAWrongSignatureIsNeverEvidenceAgainstADomain) {
  for (const FailureKind kind :
       {FailureKind::rate_limited, FailureKind::signature_wrong, FailureKind::signature_missing,
        FailureKind::clock_skew, FailureKind::credentials_refused})
    EXPECT_NE(rule_of(kind).of_domain, OfDomain::is_down) << rule_of(kind).name;
}

TEST(Failure, SaysTheApisCodeWhereThereIsOne) {
  Failure failure;
  failure.kind = FailureKind::rate_limited;
  EXPECT_EQ(failure.code_or_name(), "RATE_LIMITED");
  failure.code = "RATELIMIT_EXCEEDED";
  EXPECT_EQ(failure.code_or_name(), "RATELIMIT_EXCEEDED");
}

TEST(Failure, IsDescribedWithAllThatIsKnown) {
  Failure failure;
  failure.kind = FailureKind::server_error;
  failure.status = 500;
  failure.code = "SYSTEM_ERROR";
  failure.detail = "busy";
  failure.request_id = "08F7";
  EXPECT_EQ(describe(failure), "SERVER_ERROR, HTTP 500 SYSTEM_ERROR: busy (Request-ID 08F7)");
}

TEST(Failure, AResultThatIsAskedForAValueItHasNotSaysWhy) {
  Failure failure;
  failure.kind = FailureKind::not_found;
  const Result<int> result = failure;
  EXPECT_THROW(result.value(), UnexpectedFailure);
}

}  // namespace
}  // namespace couponsync
