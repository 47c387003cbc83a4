#include "support/fake_wechatpay.h"

#include "support/wechatpay_message.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

namespace couponsync::test {
namespace {

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;

void require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL failed in a test's set-up");
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string private_pem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()), BIO_free);
  require(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(bio.get());
}

std::string public_pem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()), BIO_free);
  require(PEM_write_bio_PUBKEY(bio.get(), key) == 1);
  return text_of(bio.get());
}

std::string sign(const std::string& pem, const std::string& text) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  require(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1);
  std::size_t size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  require(EVP_DigestSign(context.get(), nullptr, &size, data, text.size()) == 1);
  std::vector<unsigned char> signature(size);
  require(EVP_DigestSign(context.get(), signature.data(), &size, data, text.size()) == 1);
  std::string base64((size + 2) / 3 * 4, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()), signature.data(), static_cast<int>(size));
  return base64;
}

SeenCall parse_call(Domain domain, const HttpRequest& request, SteadyTime at) {
  const PageRequest asked = read_page_request(request);
  return {.domain = domain,
          .openid = asked.key.openid.reveal(),
          .page_token = asked.page_token,
          .coupon_state = asked.key.coupon_state,
          .stock_id = asked.key.stock_id,
          .nonce = asked.nonce,
          .at = at};
}

/// A call's place among those in flight.
class Flight {
 public:
  explicit Flight(FakeWechatPay& api) : api_(api) {
    api_.max_in_flight = std::max(++api_.in_flight, api_.max_in_flight);
  }
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;
  ~Flight() { --api_.in_flight; }

 private:
  FakeWechatPay& api_;
};

}  // namespace

const TestKeys& TestKeys::get() {
  static const TestKeys keys = [] {
    const KeyPtr brand(EVP_RSA_gen(2048), EVP_PKEY_free);
    const KeyPtr wechatpay(EVP_RSA_gen(2048), EVP_PKEY_free);
    return TestKeys{private_pem(brand.get()), public_pem(wechatpay.get()), private_pem(wechatpay.get())};
  }();
  return keys;
}

HttpReply FakeWechatPay::signed_reply(std::string body, WallTime at) const {
  ReplyMarks marks{.request_id = "08F7A1",
                   .nonce = "N0NCE" + std::to_string(++nonces_),
                   .public_key_id = std::string(kPublicKeyId)};
  return test::signed_reply(std::move(body), at, std::move(marks), [](const std::string& text) {
    return sign(TestKeys::get().wechatpay_private_pem, text);
  });
}

HttpReply FakeWechatPay::error_reply(int status, std::string_view code) {
  HttpReply reply;
  reply.status = status;
  reply.headers = {{"Request-ID", "08F7E2"}, {"Content-Type", "application/json"}};
  reply.body = boost::json::serialize(boost::json::object{{"code", code}, {"message", "as asked"}});
  reply.wire_bytes = reply.body.size();
  return reply;
}

HttpReply FakeWechatPay::page_for(const SeenCall& call) const {
  std::vector<std::string> listed;
  const auto found = coupons.find(call.openid);
  if (found != coupons.end()) listed = found->second;
  std::erase_if(listed, [&](const std::string& code) {
    return (!call.coupon_state.empty() && state_of(code) != call.coupon_state) ||
           (!call.stock_id.empty() && stock_of(code) != call.stock_id);
  });
  const std::size_t begin =
      call.page_token.empty() ? 0 : std::stoul(call.page_token.substr(call.page_token.find('+') + 1));
  const std::size_t end = std::min(begin + kPageSize, listed.size());
  boost::json::array list;
  for (std::size_t i = begin; i < end; ++i)
    list.push_back(
        boost::json::object{{"coupon_code", listed[i]},
                            {"coupon_state", state_of(listed[i])},
                            {"stock", {{"stock_id", stock_of(listed[i])}, {"product_coupon_id", "P1"}}},
                            {"product_coupon", {{"product_coupon_id", "P1"}}}});
  boost::json::object page{{"user_coupon_list", std::move(list)}};
  if (call.page_token.empty()) page["total_count"] = listed.size();
  if (end < listed.size()) page["next_page_token"] = "t=+" + std::to_string(end);
  return signed_reply(boost::json::serialize(page), env_.wall_now());
}

Task<Result<HttpReply>> FakeWechatPay::send(Domain domain, HttpRequest request) {
  const SeenCall call = parse_call(domain, request, env_.steady_now());
  const std::size_t n = calls.size();
  calls.push_back(call);
  const Flight flight(*this);
  const SteadyTime answered_at = env_.steady_now() + (latency_of ? latency_of(call) : latency);
  co_await env_.sleep_until(answered_at);
  if (fault) {
    std::optional<Result<HttpReply>> instead = fault(n, call);
    if (instead) co_return std::move(*instead);
  }
  co_return page_for(call);
}

}  // namespace couponsync::test
