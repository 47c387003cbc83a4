#include "log_events.h"

#include "pause_text.h"
#include "spoken_duration.h"
#include "summary.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace couponsync::daemon {
namespace {

/// Replies can name members as they like; more oddities than this are logged at debug only.
constexpr std::size_t kMostOddities = 1000;

/// "listing ~3f9c21a07b4d of wx123 (coupon_state USED)"
std::string name_of(const ListingKey& key) {
  std::string name = "listing " + key.openid.redacted() + " of " + key.appid;
  std::string filters;
  const auto add = [&filters](const char* what, const std::string& value) {
    if (!value.empty()) filters += (filters.empty() ? "" : ", ") + std::string(what) + " " + value;
  };
  add("product_coupon_id", key.product_coupon_id);
  add("stock_id", key.stock_id);
  add("coupon_state", key.coupon_state);
  return filters.empty() ? name : name + " (" + filters + ")";
}

/// The same oddity at another place of a list is none of its own.
std::string without_indexes(std::string_view oddity) {
  std::string kind;
  bool in_index = false;
  for (const char c : oddity) {
    if (c == ']') in_index = false;
    if (!in_index) kind += c;
    if (c == '[') in_index = true;
  }
  return kind;
}

std::string advice_of(const Failure& failure) { return std::string(failure.rule().advice); }

}  // namespace

spdlog::level::level_enum LogEvents::limited(MinuteLimit& limit, spdlog::level::level_enum level) const {
  return limit.allows(env_.steady_now()) ? level : spdlog::level::debug;
}

void LogEvents::run_started(RunTrigger trigger, std::size_t listings) {
  log_->info("sync ({}) of {} listings begins", couponsync::name_of(trigger), listings);
  // After a start most may be fresh, and are read when they are due.
  if (trigger != RunTrigger::start) status_("syncing " + std::to_string(listings) + " listings");
}

void LogEvents::once_continued(std::int64_t listings) {
  log_->info("the last once was interrupted: the {} listings it completed are not read again", listings);
}

void LogEvents::run_finished(RunTrigger trigger, const RunCounters& counters) {
  const auto level = counters.listings_failed == 0 ? spdlog::level::info : spdlog::level::warn;
  log_->log(level, "sync ({}) done: {}", couponsync::name_of(trigger), summary_line(counters));
  status_(fmt::format("last sync: {} of {} listings read, {} coupons new, {} changed, {} missing",
                      counters.listings_ok, counters.listings_total, counters.inserted, counters.updated,
                      counters.missing));
}

void LogEvents::run_interrupted(RunTrigger trigger, const RunCounters& counters) {
  const auto level = limited(interruptions_, spdlog::level::info);
  log_->log(level, "sync ({}) interrupted, it goes on at its bookmarks: {}", couponsync::name_of(trigger),
            summary_line(counters));
}

void LogEvents::listing_resumed(const ListingKey& key, std::int64_t pages_done) {
  log_->debug("{} goes on behind its page {}", name_of(key), pages_done);
}

void LogEvents::page_committed(const ListingKey& key, std::int64_t page_index, const PageOutcome& outcome) {
  log_->trace("{}: page {}: {} inserted, {} updated, {} unchanged", name_of(key), page_index + 1,
              outcome.inserted, outcome.updated, outcome.unchanged);
}

void LogEvents::part_committed(const ListingKey& key, const PageOutcome& outcome) {
  log_->trace("{}: a page of a part: {} inserted, {} updated, {} unchanged", name_of(key), outcome.inserted,
              outcome.updated, outcome.unchanged);
}

void LogEvents::listing_completed(const ListingKey& key, const PageOutcome& last_page) {
  reported_failures_.recovered(key);
  if (last_page.is_complete_picture)
    log_->debug("{} is complete", name_of(key));
  else
    log_->debug("{} is complete, but was not read in one go with a total_count: nothing was marked missing",
                name_of(key));
}

void LogEvents::listing_read_again(const ListingKey& key, const PageOutcome&) {
  log_->debug("{} does not show all its coupons any more and is read again to be sure", name_of(key));
}

void LogEvents::listing_restarted(const ListingKey& key, const Failure& why) {
  const auto level =
      reported_failures_.is_failing(key) ? spdlog::level::debug : limited(restarts_, spdlog::level::info);
  log_->log(level, "{} is read again from its start: {}", name_of(key), describe(why));
}

void LogEvents::listing_failed(const ListingKey& key, const Failure& why, std::chrono::seconds again_in) {
  const bool is_news = reported_failures_.is_news(key, why);
  const auto level = is_news ? limited(failures_, spdlog::level::warn) : spdlog::level::debug;
  log_->log(level, "{} failed, again in {} s: {}; {}", name_of(key), again_in.count(), describe(why),
            advice_of(why));
  if (level != spdlog::level::debug && failures_.is_used_up())
    log_->warn("further failures of this minute are logged at debug; v_listing_health has all of them");
}

void LogEvents::oddities_found(const ListingKey& key, const std::vector<std::string>& oddities) {
  for (const std::string& oddity : oddities) {
    const bool is_new =
        oddities_shown_.size() < kMostOddities && oddities_shown_.insert(without_indexes(oddity)).second;
    if (is_new)
      log_->warn("{}: {}; the next ones like it are logged at debug", name_of(key), oddity);
    else
      log_->debug("{}: {}", name_of(key), oddity);
  }
}

void LogEvents::call_ended(Domain, const Failure* failure, std::chrono::nanoseconds) {
  const bool refused =
      failure != nullptr &&
      (failure->kind == FailureKind::signature_wrong || failure->kind == FailureKind::signature_missing ||
       failure->kind == FailureKind::reply_replayed || failure->kind == FailureKind::clock_skew);
  if (failure != nullptr && !refused) return;
  const std::optional<std::size_t> failed = signatures_.replied(!refused);
  if (!failed || failure == nullptr) return;
  log_->error(
      "{} of the last {} replies failed verification, more than WeChat Pay's own probes explain; nothing of "
      "them"
      " is stored; something between here and WeChat Pay may change or forge replies: {}; {}",
      *failed, signatures_.known(), describe(*failure), advice_of(*failure));
}

void LogEvents::attempt_failed(const ListingKey& key, Domain domain, const Failure& why,
                               std::chrono::milliseconds again_in) {
  log_->debug("{}: the {} failed, again in {} ms: {}", name_of(key), couponsync::name_of(domain),
              again_in.count(), describe(why));
}

void LogEvents::rate_limited(const ListingKey& key, Domain domain, const Failure& reply) {
  const auto level = limited(limits_, spdlog::level::info);
  log_->log(level, "{}: the {} says too fast, slowing down: {}", name_of(key), couponsync::name_of(domain),
            describe(reply));
}

void LogEvents::domain_tripped(Domain domain, const Failure& why) {
  DomainLine& line = line_of(domain);
  const DomainLine& other = line_of(domain == Domain::primary ? Domain::backup : Domain::primary);
  line.avoided = true;
  // Where both are, that is told as a pause of all calls.
  const auto level = other.avoided ? spdlog::level::debug : limited(line.limit, spdlog::level::warn);
  line.is_reported = line.is_reported || level != spdlog::level::debug;
  log_->log(level, "the {} domain is avoided for now: {}; {}", couponsync::name_of(domain), describe(why),
            advice_of(why));
}

void LogEvents::domain_restored(Domain domain) {
  DomainLine& line = line_of(domain);
  line.avoided = false;
  const auto level = std::exchange(line.is_reported, false) ? spdlog::level::info : spdlog::level::debug;
  log_->log(level, "the {} domain is back", couponsync::name_of(domain));
}

void LogEvents::sending_paused(const Pause& pause) {
  const bool again = std::exchange(paused_[static_cast<std::size_t>(pause.cause)], true);
  const std::string text = pause_text(pause);
  log_->warn("{}{}: {}; {}", text, again ? fmt::format(", for {} now", spoken(pause.lasted)) : "",
             describe(pause.why), advice_of(pause.why));
  status_(text);
}

void LogEvents::sending_resumed(const Pause& pause) {
  paused_[static_cast<std::size_t>(pause.cause)] = false;
  log_->info("calls get through again, after {}", spoken(pause.lasted));
  status_("calls get through again");
}

void LogEvents::sending_stopped(const Failure& why, std::chrono::seconds again_in) {
  log_->critical("WeChat Pay refuses this brand's calls, nothing is sent for {} s: {}; {}", again_in.count(),
                 describe(why), advice_of(why));
  status_("WeChat Pay refuses this brand's calls: " + describe(why));
}

void LogEvents::refusal_over() {
  log_->info("WeChat Pay accepts this brand's calls again");
  status_("WeChat Pay accepts this brand's calls again");
}

void LogEvents::writing_stopped(const Failure& why, std::chrono::seconds again_in) {
  log_->critical("the mirror takes no rows, nothing is read for {} s: {}; {}", again_in.count(),
                 describe(why), advice_of(why));
  status_("the mirror takes no rows: " + describe(why));
}

void LogEvents::writing_resumed() {
  log_->info("the mirror takes rows again");
  status_("the mirror takes rows again");
}

}  // namespace couponsync::daemon
