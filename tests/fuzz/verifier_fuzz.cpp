// Bytes as a reply's headers and body; a forged, changed, old or repeated one is never accepted.
#include "api/test_keys.h"
#include "api/verifier.h"
#include "fuzz/fuzz.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>

namespace couponsync::fuzz {
namespace {

constexpr const char* kKeyId = "PUB_KEY_ID_0114232134912410000000000000";
constexpr UnixSeconds kNow = 1756794524;

std::string test_data(const std::string& name) {
  std::ifstream file(std::string(COUPONSYNC_TEST_DATA) + "/signing/" + name, std::ios::binary);
  require(file.is_open(), "the test keys are there");
  return {std::istreambuf_iterator<char>(file), {}};
}

testing::TestKey private_key() {
  const std::string pem = test_data("test-only-private-key.pem");
  BIO* in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  testing::TestKey key(PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr), &EVP_PKEY_free);
  BIO_free(in);
  require(key != nullptr, "the test key can be read");
  return key;
}

const testing::TestKey& key() {
  static const testing::TestKey read = private_key();
  return read;
}

Verifier fresh_verifier() {
  static const std::string pem = test_data("test-only-public-key.pem");
  return {PublicKey::from_pem(pem), kKeyId};
}

bool accepts(const HttpReply& reply, UnixSeconds now = kNow) {
  return fresh_verifier().verify(reply, now).has_value();
}

std::string* value_of(HttpReply& reply, std::string_view name) {
  const auto found = reply.header(name);
  if (!found) return nullptr;
  const auto header = std::ranges::find_if(
      reply.headers, [&](const HttpHeader& each) { return each.value.data() == found->data(); });
  return &header->value;
}

std::string header_or_nothing(const HttpReply& reply, std::string_view name) {
  return std::string(reply.header(name).value_or(""));
}

std::string signed_text(const HttpReply& reply) {
  return header_or_nothing(reply, "Wechatpay-Timestamp") + "\n" +
         header_or_nothing(reply, "Wechatpay-Nonce") + "\n" + reply.body + "\n";
}

/// "SIGN" in the place of a signature is the right one, so that inputs get beyond it.
void sign_where_asked(HttpReply& reply) {
  std::string* signature = value_of(reply, "Wechatpay-Signature");
  if (signature != nullptr && *signature == "SIGN")
    *signature = testing::sign_with(key(), signed_text(reply));
}

/// Base64 of RFC 4648, with all its padding and without white space.
std::string decoded(const std::string& base64) {
  constexpr const char* kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  if (base64.find_first_not_of(kLetters) != std::string::npos) return "";
  std::string raw(base64.size() / 4 * 3 + 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(raw.data()),
                      reinterpret_cast<const unsigned char*>(base64.data()), static_cast<int>(base64.size()));
  if (size < 0) return "";
  const auto padding = static_cast<std::size_t>(std::ranges::count(base64, '='));
  raw.resize(static_cast<std::size_t>(size) - std::min<std::size_t>(padding, 2));
  return raw;
}

/// The contract in other words: whether WeChat Pay signed it, lately.
bool is_genuine(const HttpReply& reply) {
  const std::string timestamp = header_or_nothing(reply, "Wechatpay-Timestamp");
  if (timestamp.empty() || timestamp.size() > 12 ||
      timestamp.find_first_not_of("0123456789") != std::string::npos)
    return false;
  const UnixSeconds skew = std::stoll(timestamp) - kNow;
  const std::string signature = decoded(header_or_nothing(reply, "Wechatpay-Signature"));
  ERR_clear_error();
  const bool holds = testing::verify_with(key(), signed_text(reply), signature);
  ERR_clear_error();
  return holds && skew > -300 && skew < 300 && header_or_nothing(reply, "Wechatpay-Serial") == kKeyId &&
         !header_or_nothing(reply, "Wechatpay-Nonce").empty();
}

/// What was accepted is accepted no more with anything about it changed.
void check_accepted(HttpReply reply) {
  const Verifier verifier = fresh_verifier();
  require(verifier.verify(reply, kNow).has_value(), "a reply is accepted the first time");
  const Result<> again = verifier.verify(reply, kNow);
  require(!again && again.error().kind == FailureKind::reply_replayed, "a reply is accepted once");
  const HttpReply genuine = reply;
  reply.body += ' ';
  require(!accepts(reply), "another body is refused");
  for (const char* name : {"Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial"}) {
    reply = genuine;
    std::string& value = *value_of(reply, name);
    value.back() = value.back() == '1' ? '2' : '1';
    require(!accepts(reply), "another header is refused");
    value.clear();
    require(!accepts(reply), "a header that is missing is refused");
  }
  reply = genuine;
  std::string& signature = *value_of(reply, "Wechatpay-Signature");
  signature.front() = signature.front() == 'A' ? 'B' : 'A';
  require(!accepts(reply), "another signature is refused");
  require(!accepts(genuine, kNow + 1'000) && !accepts(genuine, kNow - 1'000), "an old reply is refused");
}

void check(HttpReply reply) {
  sign_where_asked(reply);
  const Result<> verdict = fresh_verifier().verify(reply, kNow);
  require(ERR_peek_error() == 0, "no OpenSSL error is left behind");
  if (verdict) {
    require(is_genuine(reply), "what is accepted is genuine");
    return check_accepted(std::move(reply));
  }
  using enum FailureKind;
  const std::array possible{malformed_reply, signature_missing, signature_wrong, clock_skew};
  require(std::ranges::find(possible, verdict.error().kind) != possible.end(),
          "a refusal is of a kind that is told");
  require(is_one_line(verdict.error().detail), "a refusal is one line");
  require(!is_genuine(reply) || verdict.error().kind == malformed_reply, "what is genuine is accepted");
}

}  // namespace
}  // namespace couponsync::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace couponsync::fuzz;
  check(reply_of(text_of(data, size)));
  return 0;
}
