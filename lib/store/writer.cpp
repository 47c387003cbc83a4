#include "store/writer.h"

#include "store/database_thread.h"
#include "store/errors.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>
#include <variant>

namespace couponsync {
namespace {

namespace asio = boost::asio;

/// What came of a job, on its way to who waits.
template <class T>
using Outcome = std::variant<T, Failure, std::exception_ptr>;

template <class T>
Outcome<T> failed(const std::exception_ptr& why) {
  try {
    std::rethrow_exception(why);
  } catch (const MirrorError& error) {
    return to_failure(error);
  } catch (...) {
    return why;
  }
}

template <class T, class Work, class Handler>
class HandledJob final : public Job {
 public:
  HandledJob(Work work, Handler handler)
      : work_(std::move(work)), guard_(asio::make_work_guard(handler)), handler_(std::move(handler)) {}

  void run(Mirror& mirror) noexcept override {
    try {
      outcome_ = work_(mirror);
    } catch (...) {
      outcome_ = failed<T>(std::current_exception());
    }
  }

  // The cause that a job found by itself says more than that of its transaction's end.
  void fail(std::exception_ptr why) noexcept override {
    if (std::holds_alternative<T>(outcome_)) outcome_ = failed<T>(why);
  }

  void complete() override {
    auto executor = guard_.get_executor();
    asio::post(executor, [handler = std::move(handler_), outcome = std::move(outcome_)]() mutable {
      std::move(handler)(std::move(outcome));
    });
    guard_.reset();
  }

 private:
  Work work_;
  asio::executor_work_guard<asio::associated_executor_t<Handler>> guard_;
  Handler handler_;
  Outcome<T> outcome_;
};

template <class T>
struct Enqueue {
  JobQueue& queue;

  template <class Handler, class Work>
  void operator()(Handler handler, Work work) const {
    queue.push(std::make_unique<HandledJob<T, Work, Handler>>(std::move(work), std::move(handler)));
  }
};

template <class T, class Work>
Task<Outcome<T>> outcome_of(JobQueue& queue, Work work) {
  // Whoever was cancelled meanwhile learns it at its next step, not here: the page is stored all the same.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  auto waiting = asio::async_initiate<const asio::use_awaitable_t<>, void(Outcome<T>)>(
      Enqueue<T>{queue}, asio::use_awaitable, std::move(work));
  Outcome<T> outcome = co_await std::move(waiting);
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return outcome;
}

template <class T, class Work>
Task<Result<T>> perform(JobQueue& queue, Work work) {
  auto running = outcome_of<T>(queue, std::move(work));
  Outcome<T> outcome = co_await std::move(running);
  if (auto* why = std::get_if<std::exception_ptr>(&outcome)) std::rethrow_exception(*why);
  if (auto* failure = std::get_if<Failure>(&outcome)) co_return std::move(*failure);
  co_return std::get<T>(std::move(outcome));
}

/// For what gives nothing.
template <class Work>
Task<Result<>> perform_only(JobQueue& queue, Work work) {
  auto running = outcome_of<std::monostate>(queue, [work = std::move(work)](Mirror& mirror) {
    work(mirror);
    return std::monostate{};
  });
  Outcome<std::monostate> outcome = co_await std::move(running);
  if (auto* why = std::get_if<std::exception_ptr>(&outcome)) std::rethrow_exception(*why);
  if (auto* failure = std::get_if<Failure>(&outcome)) co_return std::move(*failure);
  co_return Result<>{};
}

}  // namespace

struct Writer::Impl {
  RequestOrders request_orders;
  DatabaseThread thread;
};

Writer::Writer(Mirror mirror, WriterOptions options)
    : impl_(new Impl{.request_orders = RequestOrders(mirror.first_request_order()),
                     .thread = {std::move(mirror), options}}) {}
Writer::~Writer() = default;

Task<Result<std::vector<Listing>>> Writer::watch(std::vector<ListingKey> keys) {
  return perform<std::vector<Listing>>(
      impl_->thread.queue(), [keys = std::move(keys)](Mirror& mirror) { return mirror.watch(keys); });
}

Task<Result<>> Writer::unwatch(std::vector<ListingId> listings) {
  return perform_only(impl_->thread.queue(),
                      [listings = std::move(listings)](Mirror& mirror) { mirror.unwatch(listings); });
}

Task<Result<std::vector<ListingId>>> Writer::watched_after(ListingId after, std::size_t most) {
  return perform<std::vector<ListingId>>(
      impl_->thread.queue(), [after, most](Mirror& mirror) { return mirror.watched_after(after, most); });
}

Task<Result<std::vector<std::vector<Listing>>>> Writer::load(std::vector<ListingId> listings) {
  return perform<std::vector<std::vector<Listing>>>(
      impl_->thread.queue(),
      [listings = std::move(listings)](Mirror& mirror) { return mirror.load(listings); });
}

Task<Result<PageOutcome>> Writer::apply_page(PageCommit commit) {
  return perform<PageOutcome>(impl_->thread.queue(), [commit = std::move(commit)](Mirror& mirror) {
    return mirror.apply_page(commit);
  });
}

Task<Result<PageOutcome>> Writer::apply_probe(ProbeCommit commit) {
  return perform<PageOutcome>(impl_->thread.queue(), [commit = std::move(commit)](Mirror& mirror) {
    return mirror.apply_probe(commit);
  });
}

Task<Result<Listing>> Writer::record_failure(ListingFailure failure) {
  return perform<Listing>(impl_->thread.queue(), [failure = std::move(failure)](Mirror& mirror) {
    return mirror.record_failure(failure);
  });
}

Task<Result<Listing>> Writer::drop_bookmark(ListingId listing) {
  return perform<Listing>(impl_->thread.queue(),
                          [listing](Mirror& mirror) { return mirror.drop_bookmark(listing); });
}

Task<Result<RunId>> Writer::start_run(RunTrigger trigger, UnixSeconds now) {
  return perform<RunId>(impl_->thread.queue(),
                        [trigger, now](Mirror& mirror) { return mirror.start_run(trigger, now); });
}

Task<Result<>> Writer::finish_run(RunId run, RunCounters counters, Instant finished_at) {
  return perform_only(impl_->thread.queue(), [run, counters, finished_at](Mirror& mirror) {
    mirror.finish_run(run, counters, finished_at);
  });
}

Task<Result<std::optional<InterruptedRun>>> Writer::interrupted_once() {
  return perform<std::optional<InterruptedRun>>(impl_->thread.queue(),
                                                [](Mirror& mirror) { return mirror.interrupted_once(); });
}

Task<Result<>> Writer::keep_quota(LearnedQuota quota) {
  return perform_only(impl_->thread.queue(), [quota](Mirror& mirror) { mirror.keep_quota(quota); });
}

RequestOrders& Writer::request_orders() { return impl_->request_orders; }

std::size_t Writer::pending() const { return impl_->thread.queue().pending(); }

bool Writer::work_once(std::size_t most_jobs) { return impl_->thread.work_once(most_jobs); }

void Writer::hurry() { impl_->thread.hurry(); }

WriterProgress Writer::progress() const { return impl_->thread.progress(); }

std::optional<Failure> Writer::checkpoint_failure() const { return impl_->thread.checkpoint_failure(); }

std::optional<Failure> Writer::lost() const { return impl_->thread.lost(); }

std::uintmax_t Writer::close() { return impl_->thread.close(); }

}  // namespace couponsync
