#include "mirror_watch.h"

#include <utility>

namespace couponsync::daemon {

MirrorWatch::MirrorWatch(const boost::asio::any_io_executor& executor, const Writer& writer,
                         std::shared_ptr<spdlog::logger> log, std::function<void()> lost)
    : writer_(writer), log_(std::move(log)), lost_(std::move(lost)), timer_(executor) {
  look_again_later();
}

void MirrorWatch::look_again_later() {
  timer_.expires_after(kEvery);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) look();
  });
}

void MirrorWatch::look() {
  if (writer_.lost()) return lost_();
  const std::optional<Failure> failure = writer_.checkpoint_failure();
  if (failure && !checkpoint_fails_)
    log_->error(
        "the mirror's write-ahead log cannot be moved into its file and grows until it can; nothing is "
        "lost: {}; {}",
        describe(*failure), failure->rule().advice);
  if (!failure && checkpoint_fails_) log_->info("the mirror's write-ahead log is moved into its file again");
  checkpoint_fails_ = failure.has_value();
  look_again_later();
}

void tell_of_left_log(spdlog::logger& log, const std::filesystem::path& mirror, std::uintmax_t bytes) {
  if (bytes == 0) return;
  log.warn(
      "{} bytes are left in the write-ahead log {}-wal, because a reader holds it or it cannot be moved: "
      "until the next start, copy or move the two files together, and put no other file in the mirror's "
      "place",
      bytes, mirror.string());
}

}  // namespace couponsync::daemon
