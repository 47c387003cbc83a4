#include "sync/mirror_gate.h"

#include <chrono>

namespace couponsync {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kRetry = 30s;
constexpr TryTempo kTempo{
    .first = kRetry, .early = {kRetry, kRetry}, .every = kRetry, .undecided = 0s, .most_out = 1};

}  // namespace

MirrorGate::MirrorGate(Env& env, Events& events, const boost::asio::any_io_executor& executor)
    : events_(events), valve_(env, kTempo, executor) {}

void MirrorGate::failed(Valve::Pass& pass, const Failure& why) {
  const bool is_news = !valve_.holds() || pass.is_try();
  pass.failed();
  if (!is_news) return;
  valve_.hold();
  events_.writing_stopped(why, kRetry);
}

void MirrorGate::took_rows() {
  if (!valve_.holds()) return;
  valve_.release();
  events_.writing_resumed();
}

}  // namespace couponsync
