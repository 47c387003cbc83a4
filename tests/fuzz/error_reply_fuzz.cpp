// Bytes as the status, headers and body of a reply without a page: what it means, and that it gives nothing
// away.
#include "api/error_reply.h"
#include "api/listing_reply.h"
#include "fuzz/fuzz.h"

#include <algorithm>

namespace couponsync::fuzz {
namespace {

const Openid kOpenid{"oFuzz_user-00000010000114"};
constexpr std::size_t kTellingBeginning = 8;
constexpr std::size_t kMostDetail = 1'000;
constexpr std::size_t kMaskedRun = 32;

bool is_base64_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
         c == '=';
}

std::size_t longest_run(std::string_view text) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) longest = std::max(longest, run = is_base64_letter(c) ? run + 1 : 0);
  return longest;
}

void check(const Failure& failure, const HttpReply& reply) {
  require(failure.status == reply.status, "a failure has the reply's status");
  require(!failure.detail.empty() || !failure.code.empty(), "a failure says something");
  require(is_one_line(failure.detail) && failure.detail.size() < kMostDetail, "a detail is one short line");
  require(is_one_line(failure.code) && failure.code.size() <= 64 + 16, "a code is one short line");
  require(is_one_line(failure.request_id), "a Request-ID is one line");
  require(describe(failure).find(kOpenid.reveal().substr(0, kTellingBeginning)) == std::string::npos,
          "no failure names an openid");
  if (!failure.code.empty())
    require(longest_run(failure.detail) < kMaskedRun, "no failure quotes a nonce or a signature");
  if (failure.retry_after)
    require(failure.retry_after->count() >= 0 && *failure.retry_after <= std::chrono::hours(1),
            "a wait is none or up to an hour");
  require(!rule_of(failure.kind).name.empty(), "there is a rule for each failure");
}

void check(const HttpReply& reply) {
  for (const bool had_page_token : {false, true}) {
    const TimeLimit limit(reply.body.size());
    const Failure failure = classify_error(reply, had_page_token, kOpenid);
    check(failure, reply);
    require(failure.kind != FailureKind::page_token_rejected || had_page_token,
            "only a token sent is rejected");
    const Result<Page> page = read_listing_reply(reply, had_page_token, kOpenid);
    require(!page || reply.status == 200, "only a 200 is a page");
    if (!page) check(page.error(), reply);
  }
}

}  // namespace
}  // namespace couponsync::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace couponsync::fuzz;
  check(reply_of(text_of(data, size)));
  return 0;
}
