#include "readiness.h"

namespace couponsync::daemon {
namespace {

std::string with_advice(const char* what, const Failure& why) {
  return what + describe(why) + "; " + std::string(why.rule().advice);
}

}  // namespace

void Readiness::sending_stopped(const Failure& why, std::chrono::seconds /*again_in*/) {
  sending_ = with_advice("WeChat Pay refuses this brand's calls: ", why);
}

void Readiness::writing_stopped(const Failure& why, std::chrono::seconds /*again_in*/) {
  writing_ = with_advice("the mirror takes no rows: ", why);
}

void Readiness::call_ended(Domain /*domain*/, const Failure* failure, std::chrono::nanoseconds /*took*/) {
  if (failure == nullptr || failure->rule().remedy != Remedy::stop_sending) sending_.reset();
}

std::vector<std::string> Readiness::obstacles() const {
  std::vector<std::string> found;
  if (stopping_) found.emplace_back("the service is stopping");
  if (sending_) found.push_back(*sending_);
  if (writing_) found.push_back(*writing_);
  return found;
}

}  // namespace couponsync::daemon
