#include "http/entrance.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace couponsync::daemon {

/// Shared with the coroutine that tries again, which may still be asleep when the entrance is gone.
struct HttpEntrance::State {
  State(boost::asio::any_io_executor on, Env& with, HttpServer::Pages of, std::shared_ptr<spdlog::logger> to,
        HttpServerOptions how)
      : executor(std::move(on)),
        env(with),
        pages(std::move(of)),
        log(std::move(to)),
        options(std::move(how)) {}

  void open(bool again);
  static Task<> keep_trying(std::shared_ptr<State> self, std::uint64_t attempt);

  boost::asio::any_io_executor executor;
  Env& env;
  HttpServer::Pages pages;
  std::shared_ptr<spdlog::logger> log;
  HttpServerOptions options;
  std::unique_ptr<HttpServer> server;
  std::optional<std::string> served;  ///< where `server` is
  std::optional<std::string> wanted;
  std::string why_not;        ///< not empty: it is being tried
  std::uint64_t attempt = 0;  ///< whoever tries for an earlier one gives up
};

void HttpEntrance::State::open(bool again) {
  try {
    // The old one stays until the new one is there.
    server = std::make_unique<HttpServer>(executor, *wanted, pages, options);
  } catch (const std::runtime_error& error) {
    const std::string why = error.what();
    // Once, unless something else keeps it from being served now.
    const auto level = why == why_not ? spdlog::level::debug : spdlog::level::err;
    why_not = why;
    log->log(level, "/metrics, /healthz, /readyz and /status are not served: {}; it is tried again", why);
    return;
  }
  served = wanted;
  why_not.clear();
  log->info("/metrics, /healthz, /readyz and /status are at {}{}", *served, again ? " now" : "");
}

Task<> HttpEntrance::State::keep_trying(std::shared_ptr<State> self, std::uint64_t attempt) {
  for (std::chrono::seconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    const SteadyTime when = self->env.steady_now() + pause;
    co_await self->env.sleep_until(when);
    if (self->attempt != attempt) co_return;
    self->open(true);
    if (self->why_not.empty()) co_return;
  }
}

HttpEntrance::HttpEntrance(const boost::asio::any_io_executor& executor, Env& env, HttpServer::Pages pages,
                           std::shared_ptr<spdlog::logger> log, HttpServerOptions options)
    : state_(std::make_shared<State>(executor, env, std::move(pages), std::move(log), std::move(options))) {}

HttpEntrance::~HttpEntrance() {
  ++state_->attempt;
  state_->server.reset();
}

void HttpEntrance::serve_at(const std::optional<std::string>& address) {
  State& state = *state_;
  ++state.attempt;
  state.wanted = address;
  state.why_not.clear();
  if (!address) {
    state.server.reset();
    state.served.reset();
  } else if (address != state.served) {
    state.open(false);
    if (!state.why_not.empty())
      boost::asio::co_spawn(state.executor, State::keep_trying(state_, state.attempt), boost::asio::detached);
  }
}

std::string HttpEntrance::obstacle() const {
  const State& state = *state_;
  if (state.why_not.empty()) return "";
  if (!state.served) return fmt::format("http.listen: {}; it is tried again", state.why_not);
  return fmt::format("http.listen: {}; it is tried again, and {} is served meanwhile", state.why_not,
                     *state.served);
}

}  // namespace couponsync::daemon
