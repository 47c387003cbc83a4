#include "sim/life.h"

#include "sim/disturbances.h"
#include "support/watchlist.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace couponsync::sim {
namespace {

namespace asio = boost::asio;

/// No real time passes: what waits for locks and disks in virtual time is the service's retrying.
constexpr WriterOptions kWriterOptions{.checkpoint_again_after = std::chrono::milliseconds(0),
                                       .lock_patience = std::chrono::milliseconds(0),
                                       .has_thread = false};

}  // namespace

void provide_new_mirror(const std::filesystem::path& mirror) {
  static std::string content;
  if (content.empty()) {
    {
      const Mirror made =
          Mirror::open({.path = mirror, .durability = Durability::normal, .brand_id = "120344"});
    }
    content = content_of(mirror);
    std::filesystem::remove_all(mirror.parent_path());
    std::filesystem::create_directory(mirror.parent_path());
  }
  write_file(mirror, content);
}

Life::Life(Deps deps, const std::filesystem::path& mirror, const Settings& settings)
    : deps_(deps),
      mirror_(mirror),
      transport_(std::shared_ptr<void>(), &deps.api),
      domains_(std::make_shared<DomainSelector>(deps.has_backup)),
      rate_(rate_of(settings), deps.env.steady_now()),
      pause_(deps.env, deps.events),
      writer_(Mirror::open({.path = mirror, .durability = Durability::normal, .brand_id = "120344"}),
              kWriterOptions),
      scheduler_({deps.env, rate_, writer_, pause_, deps.events}, plan_for(settings),
                 deps.env.context().get_executor()) {
  asio::co_spawn(
      deps_.env.context(), scheduler_.run(),
      asio::bind_cancellation_slot(
          cancel_.slot(), [this](const std::exception_ptr& e, const Failure& why) { note_end(e, why); }));
}

Plan Life::plan_for(const Settings& settings) {
  Exchange exchange(
      deps_.env, *transport_,
      Signer({"120344", "5157F0", "PUB_KEY_ID_SIM", "couponsyncd-sim"}, PrivateKey::from_pem("")),
      Verifier(PublicKey::from_pem(""), "PUB_KEY_ID_SIM"), settings.page_size);
  return {.session = std::make_shared<Session>(Session{transport_, domains_, std::move(exchange)}),
          .watchlist = listing_set(listings_of(settings)),
          .interval = settings.interval,
          .concurrency = settings.concurrency};
}

void Life::reload(const Settings& settings) {
  const SteadyTime now = deps_.env.steady_now();
  RateOptions options = rate_of(settings);
  options.learned = rate_.learned(now);
  rate_.reconfigure(options, now);
  scheduler_.reload(plan_for(settings));
}

void Life::stop() {
  writer_.hurry();
  if (ended_) return;
  cancel_.emit(asio::cancellation_type::terminal);
}

void Life::note_end(const std::exception_ptr& thrown, const Failure& why) {
  ended_ = true;
  try {
    if (thrown) std::rethrow_exception(thrown);
    end_ = why;
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) thrown_ = error.what();
  } catch (const std::exception& error) {
    thrown_ = error.what();
  }
}

}  // namespace couponsync::sim
