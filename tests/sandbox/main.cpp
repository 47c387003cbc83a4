#include "sandbox/api_service.h"
#include "sandbox/control_server.h"
#include "sandbox/files.h"
#include "sandbox/https_listener.h"
#include "sandbox/keys.h"
#include "sandbox/life.h"
#include "sandbox/notifier.h"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <sys/prctl.h>
#include <unistd.h>

namespace couponsync::sandbox {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

struct Options {
  std::filesystem::path directory;
  DataOptions data;
  std::uint16_t primary_port = 0;
  std::uint16_t backup_port = 0;
  std::uint16_t control_port = 0;
  double quota = 0;
  QuotaKind quota_kind = QuotaKind::bucket;
  int latency_ms = 0;
  int idle_close_ms = 8000;
  double changes_per_second = 0;
  std::string notify;
  std::filesystem::path example;
  bool example_raw = false;
  bool keep_config = false;
  bool exit_with_parent = false;
};

void add_options(CLI::App& app, Options& options) {
  const std::map<std::string, Edition> editions{
      {"sequential", Edition::sequential}, {"bundle", Edition::bundle}, {"both", Edition::both}};
  const std::map<std::string, QuotaKind> kinds{
      {"bucket", QuotaKind::bucket}, {"second", QuotaKind::second}, {"minute", QuotaKind::minute}};
  app.add_option("--directory", options.directory, "Where keys, watchlist and configuration are made")
      ->required();
  app.add_option("--seed", options.data.seed, "Of the made-up data")->capture_default_str();
  app.add_option("--users", options.data.users, "How many")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--coupons-max", options.data.coupons_max, "Of one user")->capture_default_str();
  app.add_option("--coupons-total", options.data.coupons_total, "Of all users, roughly; 0: whatever comes");
  app.add_option("--stocks", options.data.stocks, "How many")->capture_default_str();
  app.add_option("--edition", options.data.edition, "Of the API: sequential, bundle or both")
      ->transform(CLI::CheckedTransformer(editions));
  app.add_flag("--unknown-members", options.data.unknown_members,
               "Members and values no documentation knows");
  app.add_option("--primary-port", options.primary_port, "0: any")->capture_default_str();
  app.add_option("--backup-port", options.backup_port, "0: any")->capture_default_str();
  app.add_option("--control-port", options.control_port, "0: any")->capture_default_str();
  app.add_option("--quota", options.quota, "Calls a second (or a minute) for both domains; 0: no limit");
  app.add_option("--quota-kind", options.quota_kind, "bucket, second or minute")
      ->transform(CLI::CheckedTransformer(kinds));
  app.add_option("--latency-ms", options.latency_ms, "Of every reply")->capture_default_str();
  app.add_option("--idle-close-ms", options.idle_close_ms, "When idle connections are closed")
      ->capture_default_str();
  app.add_option("--changes-per-second", options.changes_per_second,
                 "Coupons that are sent, used, returned and deleted while it runs, on the mean")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option(
      "--notify", options.notify,
      "Where changes are notified of, as WeChat Pay does: http://ADDRESS:PORT/PATH, or unix:/path");
  app.add_option("--example", options.example, "List the first entry of this response for every user")
      ->check(CLI::ExistingFile);
  app.add_flag("--example-raw", options.example_raw,
               "Send that response byte for byte, then an empty last page");
  app.add_flag("--keep-config", options.keep_config, "Leave an existing couponsyncd.json alone");
  app.add_flag("--exit-with-parent", options.exit_with_parent,
               "End when the process that started this one ends");
}

std::string configuration_text(const Keys& keys, const Data& data, std::uint16_t primary,
                               std::uint16_t backup) {
  const auto url = [](std::uint16_t port) { return "https://127.0.0.1:" + std::to_string(port); };
  return json::serialize(json::object{
             {"brand_id", ApiService::kBrandId},
             {"credentials",
              {{"certificate_serial", keys.certificate_serial},
               {"private_key_file", "brand_key.pem"},
               {"wechatpay_public_key_id", keys.wechatpay_public_key_id},
               {"wechatpay_public_key_file", "wechatpay_public_key.pem"},
               {"api_v3_key_file", "api_v3_key.txt"}}},
             {"watchlist", json::array{{{"appid", data.appid()}, {"openid_files", {"watchlist.txt"}}}}},
             {"mirror", {{"path", "mirror.db"}}},
             {"api", {{"primary", url(primary)}, {"backup", url(backup)}, {"ca_file", "ca.pem"}}}}) +
         "\n";
}

std::string watchlist_text(const Data& data) {
  std::string text = "# The sandbox's users, one openid a line.\n";
  for (const User& user : data.users()) text += user.openid + "\n";
  return text;
}

asio::ssl::context tls_context(const Keys& keys) {
  asio::ssl::context tls(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  tls.use_certificate_chain(asio::buffer(keys.server_certificate_pem));
  tls.use_private_key(asio::buffer(keys.server_key_pem), asio::ssl::context::pem);
  return tls;
}

int serve(const Options& options) {
  if (options.exit_with_parent) prctl(PR_SET_PDEATHSIG, SIGTERM);
  std::signal(SIGPIPE, SIG_IGN);
  const Keys keys = load_or_make_keys(options.directory);
  ApiService service(keys, Data(options.data));
  if (!options.example.empty()) {
    const std::string example = read_file(options.example);
    service.data().show_example(json::parse(example).at("user_coupon_list").at(0).as_object());
    if (options.example_raw) service.show_raw_example(example);
  }
  service.set_latency(options.latency_ms);
  service.quota().set(options.quota, options.quota_kind, std::chrono::steady_clock::now());

  asio::io_context context(1);
  asio::ssl::context tls = tls_context(keys);
  Turnstile turnstile(context.get_executor());
  const std::chrono::milliseconds idle(options.idle_close_ms);
  const HttpsListener::Deps deps{context, tls, service, turnstile};
  HttpsListener primary(deps, "primary", options.primary_port, idle);
  HttpsListener backup(deps, "backup", options.backup_port, idle);
  const std::string configuration = configuration_text(keys, service.data(), primary.port(), backup.port());
  std::optional<Notifier> notifier;
  if (!options.notify.empty()) notifier.emplace(context, keys, service.data().appid(), options.notify);
  const ControlServer control({context, service, turnstile,
                               [&] {
                                 primary.follow_faults();
                                 backup.follow_faults();
                               },
                               [&] { return configuration; }, notifier ? &*notifier : nullptr},
                              options.control_port);

  const std::filesystem::path config_file = options.directory / "couponsyncd.json";
  if (!options.keep_config || !std::filesystem::exists(config_file))
    write_file(config_file, configuration, 0644);
  write_file(options.directory / "watchlist.txt", watchlist_text(service.data()), 0644);
  const std::string ready =
      json::serialize(json::object{{"ready", true},
                                   {"primary", "https://127.0.0.1:" + std::to_string(primary.port())},
                                   {"backup", "https://127.0.0.1:" + std::to_string(backup.port())},
                                   {"control", "http://127.0.0.1:" + std::to_string(control.port())},
                                   {"config", std::filesystem::absolute(config_file).string()}});
  write_file(options.directory / "sandbox.json", ready + "\n", 0644);
  std::cout << ready << std::endl;

  std::optional<Life> life;
  if (options.changes_per_second > 0) life.emplace(context, service.data(), options.changes_per_second);
  asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&context](const boost::system::error_code&, int) { context.stop(); });
  context.run();
  return 0;
}

}  // namespace
}  // namespace couponsync::sandbox

int main(int argc, char** argv) {
  CLI::App app("A stand-in for WeChat Pay's API that lists a user's product coupons, on loopback.",
               "couponsyncd-sandbox");
  couponsync::sandbox::Options options;
  couponsync::sandbox::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    return couponsync::sandbox::serve(options);
  } catch (const std::exception& error) {
    std::cerr << "couponsyncd-sandbox: " << error.what() << "\n";
    return 1;
  }
}
