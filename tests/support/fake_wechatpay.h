#pragma once

#include "base/env.h"
#include "net/transport.h"
#include "support/fake_env.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync::test {

/// The keys of a made-up brand and of a made-up WeChat Pay, as PEM. Made once a process.
struct TestKeys {
  std::string brand_private_pem;
  std::string wechatpay_public_pem;
  std::string wechatpay_private_pem;
  static const TestKeys& get();
};
inline constexpr std::string_view kPublicKeyId = "PUB_KEY_ID_0123456789";

/// One call as the API saw it.
struct SeenCall {
  Domain domain = Domain::primary;
  std::string openid{};
  std::string page_token{};  ///< empty on the first page
  std::string coupon_state{};
  std::string stock_id{};
  std::string nonce{};  ///< of its signature
  SteadyTime at{};
};

/// The API in memory, on a fake clock: users with coupons, signed replies, page tokens, and whatever `fault`
/// answers instead. Every call takes `latency`.
class FakeWechatPay final : public Transport {
 public:
  static constexpr std::size_t kPageSize = 50;

  explicit FakeWechatPay(FakeEnv& env) : env_(env) {}

  Task<Result<HttpReply>> send(Domain domain, HttpRequest request) override;

  /// The user's coupons; each value is one coupon's code, its state and stock follow from `state_of` and
  /// `stock_of`.
  std::map<std::string, std::vector<std::string>> coupons;
  std::function<std::string(const std::string& code)> state_of = [](const std::string&) {
    return "EFFECTIVE";
  };
  std::function<std::string(const std::string& code)> stock_of = [](const std::string&) { return "S1"; };
  /// Answers in the API's stead, or nullopt to let it answer. `n` counts calls from 0.
  std::function<std::optional<Result<HttpReply>>(std::size_t n, const SeenCall& call)> fault;
  std::chrono::milliseconds latency{100};
  /// In its stead, where given.
  std::function<std::chrono::milliseconds(const SeenCall& call)> latency_of;

  std::vector<SeenCall> calls;
  std::size_t in_flight = 0;
  std::size_t max_in_flight = 0;

  /// A reply with `body`, signed at `at` with a nonce of its own.
  HttpReply signed_reply(std::string body, WallTime at) const;
  static HttpReply error_reply(int status, std::string_view code);
  WallTime now() const { return env_.wall_now(); }
  /// The page the API would give.
  HttpReply page_for(const SeenCall& call) const;

 private:
  FakeEnv& env_;
  mutable std::uint64_t nonces_ = 0;  ///< given out
};

}  // namespace couponsync::test
