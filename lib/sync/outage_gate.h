#pragma once

#include "base/env.h"
#include "base/failure.h"
#include "base/http.h"
#include "base/task.h"
#include "sync/sending_pause.h"
#include "sync/valve.h"

#include <boost/asio/any_io_executor.hpp>

#include <array>
#include <optional>
#include <utility>

namespace couponsync {

/// Holds calls back while no domain works, for as long as that takes: the pause is everybody's and no
/// listing's failure. Two at once try, one a second later, and then one every two seconds, so that its end is
/// noticed within that time; the first call that gets through lets all of them go on. On the io thread;
/// outlives its passes.
class OutageGate {
 public:
  /// The right to send one call: a try while there is an outage, else one of many.
  class Pass {
   public:
    /// It is a try: its failure says nothing about its page.
    bool is_try() const { return pass_.is_try(); }
    /// A try that should be for another listing, in case it is this one alone that does not work: the second
    /// and third of every four, so that each kind meets both domains.
    bool should_ask_for_another() const {
      return is_try() && (*pass_.number() % 4 == 1 || *pass_.number() % 4 == 2);
    }
    /// It had to wait for a domain that works.
    bool has_waited() const { return pass_.has_waited(); }
    void got_through();
    /// It did not, and that is not its page's fault.
    void failed(Domain domain, const Failure& why);
    /// What became of it says nothing of the domains.
    void ended() { pass_.undecided(); }

   private:
    friend class OutageGate;
    Pass(OutageGate* gate, Valve::Pass pass) : gate_(gate), pass_(std::move(pass)) {}
    OutageGate* gate_;
    Valve::Pass pass_;
  };

  OutageGate(Env& env, SendingPause& pause, const boost::asio::any_io_executor& executor);

  /// Cancellable.
  Task<Pass> enter();
  /// No domain works; `why` is what showed it.
  void begin(const Failure& why);

  bool is_shut() const { return valve_.holds(); }
  std::optional<SteadyTime> shut_since() const { return valve_.since(); }
  /// What calls meet; the primary's word where it has one.
  Failure reason() const;

 private:
  SendingPause& pause_;
  Valve valve_;
  Failure why_begun_;
  std::array<std::optional<Failure>, 2> last_failures_;  ///< by domain, since a call got through
};

}  // namespace couponsync
