#include "bench/quota_server.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace couponsync::bench {

Server::Server(ServerOptions options, SteadyTime start, unsigned seed)
    : options_(std::move(options)),
      start_(start),
      chance_(seed),
      rival_at_(start),
      tokens_(options_.per_second(Seconds(0)) * options_.span.count()),
      tokens_at_(start) {}

bool Server::accepts(SteadyTime now) {
  if (options_.rival_share > 0) let_the_rival_in(now);
  return take(now);
}

void Server::let_the_rival_in(SteadyTime now) {
  while (rival_at_ <= now) {
    take(rival_at_);
    std::exponential_distribution<double> gap(quota(rival_at_) * options_.rival_share);
    rival_at_ += std::chrono::duration_cast<SteadyTime::duration>(Seconds(gap(chance_)));
  }
}

bool Server::take(SteadyTime now) {
  return options_.kind == ServerOptions::Kind::token_bucket ? take_from_bucket(now) : take_from_window(now);
}

bool Server::take_from_bucket(SteadyTime now) {
  const double depth = std::max(1.0, quota(now) * options_.span.count());
  tokens_ = std::min(depth, tokens_ + quota(now) * Seconds(now - tokens_at_).count());
  tokens_at_ = now;
  const bool accepted = tokens_ >= 1;
  if (accepted || options_.counts_refused) tokens_ = std::max(tokens_ - 1, -depth);
  return accepted;
}

bool Server::take_from_window(SteadyTime now) {
  const double window = std::floor(Seconds(now.time_since_epoch()) / options_.span);
  if (std::exchange(window_, window) != window) used_ = 0;
  const bool accepted = used_ + 1 <= quota(now) * options_.span.count();
  if (accepted || options_.counts_refused) ++used_;
  return accepted;
}

}  // namespace couponsync::bench
