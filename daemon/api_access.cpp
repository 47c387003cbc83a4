#include "api_access.h"

#include "api/keys.h"
#include "configuration/key_file.h"
#include "configuration/mirror_files.h"
#include "configuration/text_file.h"
#include "net/endpoint.h"
#include "version.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace couponsync::daemon {
namespace {

/// As many as sync.concurrency can ever be; no more become idle than were in use.
constexpr std::size_t kMostIdle = 1024;
constexpr std::size_t kMaxCaBytes = std::size_t{16} << 20U;

template <class Key>
Key parse_key(const char* pointer, const std::filesystem::path& file, const SecretText& pem) {
  try {
    return Key::from_pem(pem.view());
  } catch (const KeyError& error) {
    throw ConfigurationError(pointer, file.string() + ": " + error.what());
  }
}

HttpsEndpoint endpoint_of(const char* pointer, const std::string& url) {
  std::string why_not;
  std::optional<HttpsEndpoint> endpoint = parse_https_endpoint(url, why_not);
  if (!endpoint) throw ConfigurationError(pointer, why_not);
  return std::move(*endpoint);
}

struct Keys {
  PrivateKey brand;
  PublicKey wechatpay;
  std::shared_ptr<const ApiV3Key> api_v3;  ///< may be null
  Digest digest;                           ///< of all files
};

constexpr const char* kPrivateKeyPointer = "/credentials/private_key_file";
constexpr const char* kApiV3KeyPointer = "/credentials/api_v3_key_file";

std::shared_ptr<const ApiV3Key> read_api_v3_key(const std::filesystem::path& file, Digest& digest) {
  const SecretText text = read_secret_key_file(file, kApiV3KeyPointer);
  digest = sha256(to_hex(digest) + to_hex(sha256(text.line())));
  try {
    return std::make_shared<const ApiV3Key>(text.line());
  } catch (const KeyError& error) {
    throw ConfigurationError(kApiV3KeyPointer, file.string() + ": " + error.what());
  }
}

Keys read_keys(const Configuration::Credentials& credentials) {
  const SecretText private_pem = read_secret_key_file(credentials.private_key_file, kPrivateKeyPointer);
  const SecretText public_pem = read_public_key_file(credentials.wechatpay_public_key_file);
  Digest digest = sha256(to_hex(sha256(private_pem.view())) + to_hex(sha256(public_pem.view())));
  std::shared_ptr<const ApiV3Key> api_v3;
  if (credentials.api_v3_key_file) api_v3 = read_api_v3_key(*credentials.api_v3_key_file, digest);
  return {.brand = parse_key<PrivateKey>(kPrivateKeyPointer, credentials.private_key_file, private_pem),
          .wechatpay = parse_key<PublicKey>("/credentials/wechatpay_public_key_file",
                                            credentials.wechatpay_public_key_file, public_pem),
          .api_v3 = std::move(api_v3),
          .digest = digest};
}

/// The console offers the brand's own public key as well, and no reply of WeChat Pay would ever be right.
void refuse_a_pair(const Keys& keys, const Configuration::Credentials& credentials) {
  constexpr std::string_view kAnyText = "couponsyncd";
  if (keys.wechatpay.verify(kAnyText, keys.brand.sign(kAnyText)))
    throw ConfigurationError(
        "/credentials/wechatpay_public_key_file",
        credentials.wechatpay_public_key_file.string() +
            ": is the brand's own public key, and expected is WeChat Pay's (微信支付公钥), "
            "which the console has beside its ID");
}

Exchange make_exchange(const Configuration& configuration, Env& env, Transport& transport, Keys keys,
                       std::shared_ptr<SeenNonces> seen) {
  const Configuration::Credentials& credentials = configuration.credentials;
  Signer signer({configuration.brand_id, credentials.certificate_serial, credentials.wechatpay_public_key_id,
                 "couponsyncd/" COUPONSYNCD_VERSION},
                std::move(keys.brand));
  Verifier verifier(std::move(keys.wechatpay), credentials.wechatpay_public_key_id, std::move(seen));
  return {env, transport, std::move(signer), std::move(verifier), configuration.api.page_size};
}

std::shared_ptr<HttpsTransport> make_transport(const Configuration& configuration) {
  HttpsTransportOptions options;
  options.primary = endpoint_of("/api/primary", configuration.api.primary);
  if (configuration.api.backup) options.backup = endpoint_of("/api/backup", *configuration.api.backup);
  options.ca_file = configuration.api.ca_file;
  options.connect_timeout = configuration.api.connect_timeout;
  options.request_timeout = configuration.api.request_timeout;
  options.max_response_bytes = configuration.api.max_response_bytes;
  options.max_idle_connections = kMostIdle;
  try {
    return std::make_shared<HttpsTransport>(std::move(options));
  } catch (const std::runtime_error& error) {
    throw ConfigurationError("/api/ca_file", error.what());
  }
}

std::optional<Digest> ca_digest(const Configuration::Api& api) {
  if (!api.ca_file) return std::nullopt;
  return sha256(read_text_file(*api.ca_file, kMaxCaBytes, "/api/ca_file"));
}

bool has_same_domains(const Configuration::Api& a, const Configuration::Api& b) {
  return a.primary == b.primary && a.backup == b.backup;
}

/// Whether connections of the one can serve the other.
bool has_same_connections(const ApiAccess& before, const ApiAccess& now) {
  return has_same_domains(before.api, now.api) && before.api.ca_file == now.api.ca_file &&
         before.ca_digest == now.ca_digest && before.api.connect_timeout == now.api.connect_timeout &&
         before.api.request_timeout == now.api.request_timeout &&
         before.api.max_response_bytes == now.api.max_response_bytes;
}

bool signs_the_same(const ApiAccess& before, const ApiAccess& now) {
  return before.keys_digest == now.keys_digest && before.api.page_size == now.api.page_size &&
         before.credentials.certificate_serial == now.credentials.certificate_serial &&
         before.credentials.wechatpay_public_key_id == now.credentials.wechatpay_public_key_id;
}

/// Each file that is opened for the API's sake.
void require_no_mirror_files(const Configuration& configuration) {
  const std::filesystem::path& mirror = configuration.mirror.path;
  const Configuration::Credentials& credentials = configuration.credentials;
  require_no_mirror_file(credentials.private_key_file, mirror, kPrivateKeyPointer);
  require_no_mirror_file(credentials.wechatpay_public_key_file, mirror,
                         "/credentials/wechatpay_public_key_file");
  if (credentials.api_v3_key_file)
    require_no_mirror_file(*credentials.api_v3_key_file, mirror, kApiV3KeyPointer);
  if (configuration.api.ca_file) require_no_mirror_file(*configuration.api.ca_file, mirror, "/api/ca_file");
}

}  // namespace

ApiAccess make_api_access(const Configuration& configuration, Env& env, const ApiAccess* before) {
  require_no_mirror_files(configuration);
  Keys keys = read_keys(configuration.credentials);
  refuse_a_pair(keys, configuration.credentials);
  ApiAccess access;
  access.api = configuration.api;
  access.credentials = configuration.credentials;
  access.keys_digest = keys.digest;
  access.ca_digest = ca_digest(configuration.api);
  access.seen_nonces =
      before != nullptr ? before->seen_nonces : std::make_shared<SeenNonces>(Verifier::kMaxSkew);
  const bool keeps_connections = before != nullptr && has_same_connections(*before, access);
  access.transport = keeps_connections ? before->transport : make_transport(configuration);
  if (keeps_connections && signs_the_same(*before, access)) {
    access.session = before->session;
    access.notifications = before->notifications;
    return access;
  }
  if (keys.api_v3)
    access.notifications = std::make_shared<NotificationReader>(
        Verifier(keys.wechatpay, configuration.credentials.wechatpay_public_key_id), keys.api_v3);
  const bool keeps_domains = before != nullptr && has_same_domains(before->api, access.api);
  access.session = std::make_shared<Session>(
      Session{access.transport,
              keeps_domains ? before->session->domains
                            : std::make_shared<DomainSelector>(configuration.api.backup.has_value()),
              make_exchange(configuration, env, *access.transport, std::move(keys), access.seen_nonces)});
  return access;
}

Plan make_plan(const Configuration& configuration, const ApiAccess& access,
               std::shared_ptr<const ListingSet> watchlist) {
  return {.session = access.session,
          .watchlist = std::move(watchlist),
          .interval = std::chrono::ceil<std::chrono::seconds>(configuration.sync.interval),
          .concurrency = static_cast<std::size_t>(configuration.sync.concurrency)};
}

std::optional<LearnedRate> learned_rate(const Mirror& mirror, Env& env) {
  const std::optional<LearnedQuota> quota = mirror.learned_quota();
  if (!quota) return std::nullopt;
  // The clock may have been, or be, wrong by anything.
  constexpr std::int64_t kLongest = 366 * std::int64_t{86'400};
  const std::int64_t since_cut = to_unix_seconds(env.wall_now()) - quota->last_cut_at;
  return LearnedRate{.requests_per_second = quota->requests_per_second,
                     .peak_requests_per_second = quota->peak_requests_per_second,
                     .since_cut = std::chrono::seconds(std::clamp<std::int64_t>(since_cut, 0, kLongest))};
}

RateOptions rate_options(const Configuration& configuration, std::optional<LearnedRate> learned) {
  return {.max_requests_per_second = configuration.rate.max_requests_per_second,
          .start_requests_per_second = configuration.rate.start_requests_per_second,
          .share = configuration.rate.share,
          .learned = learned};
}

}  // namespace couponsync::daemon
