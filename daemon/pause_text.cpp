#include "pause_text.h"

#include "spoken_time.h"

namespace couponsync::daemon {

std::string pause_text(const Pause& pause) {
  if (pause.cause == PauseCause::no_domain_works)
    return "nothing gets through since " + spoken_time(pause.since) + ", no domain works, single calls try";
  if (pause.until)
    return "nothing is sent until " + spoken_time(*pause.until) + ", WeChat Pay asks for a pause";
  return "everything is refused as too fast since " + spoken_time(pause.since) + ", single calls try";
}

}  // namespace couponsync::daemon
