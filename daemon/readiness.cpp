#include "readiness.h"

#include "pause_text.h"

namespace couponsync::daemon {
namespace {

std::string with_advice(const std::string& what, const Failure& why) {
  return what + describe(why) + "; " + std::string(why.rule().advice);
}

}  // namespace

void Readiness::sending_stopped(const Failure& why, std::chrono::seconds /*again_in*/) {
  sending_ = with_advice("WeChat Pay refuses this brand's calls: ", why);
}

void Readiness::writing_stopped(const Failure& why, std::chrono::seconds /*again_in*/) {
  writing_ = with_advice("the mirror takes no rows: ", why);
}

std::string Readiness::pauses() const {
  std::string text;
  for (const std::optional<Pause>& pause : pauses_)
    if (pause) text += (text.empty() ? "" : "; ") + pause_text(*pause) + ": " + describe(pause->why);
  return text;
}

std::vector<std::string> Readiness::obstacles() const {
  std::vector<std::string> found;
  if (stopping_) found.emplace_back("the service is stopping");
  for (const std::optional<Pause>& pause : pauses_)
    if (pause) found.push_back(with_advice(pause_text(*pause) + ": ", pause->why));
  if (sending_) found.push_back(*sending_);
  if (writing_) found.push_back(*writing_);
  return found;
}

}  // namespace couponsync::daemon
