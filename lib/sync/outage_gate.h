#pragma once

#include "base/env.h"
#include "base/failure.h"
#include "base/http.h"
#include "base/task.h"
#include "sync/condition.h"
#include "sync/outage.h"
#include "sync/sending_pause.h"
#include "sync/turn.h"

#include <boost/asio/any_io_executor.hpp>

#include <array>
#include <optional>

namespace couponsync {

/// Holds calls back while no domain works, for as long as that takes: the pause is everybody's and no
/// listing's failure. Who has waited longest tries (see Outage); the first call that gets through lets all of
/// them go on. On the io thread; outlives its passes.
class OutageGate {
 public:
  /// The right to send one call: a try while there is an outage, else one of many.
  class Pass {
   public:
    Pass(Pass&& other) noexcept;
    Pass& operator=(Pass&&) = delete;
    ~Pass();
    /// It is a try: its failure says nothing about its page.
    bool is_try() const { return try_number_.has_value(); }
    /// A try that should be for another listing, in case it is this one alone that does not work: the second
    /// and third of every four, so that each kind meets both domains.
    bool should_ask_for_another() const {
      return is_try() && (*try_number_ % 4 == 1 || *try_number_ % 4 == 2);
    }
    /// It had to wait for a domain that works.
    bool has_waited() const { return has_waited_; }
    void got_through();
    /// It did not, and that is not its page's fault.
    void failed(Domain domain, const Failure& why);
    /// What became of it says nothing of the domains.
    void ended();

   private:
    friend class OutageGate;
    Pass(OutageGate* gate, std::optional<int> try_number, bool has_waited)
        : gate_(gate), try_number_(try_number), has_waited_(has_waited) {}
    OutageGate* gate_;
    std::optional<int> try_number_;
    bool has_waited_;
  };

  OutageGate(Env& env, SendingPause& pause, const boost::asio::any_io_executor& executor)
      : env_(env), pause_(pause), turn_(executor), changed_(executor) {}

  /// Cancellable.
  Task<Pass> enter();
  /// No domain works; `why` is what showed it.
  void begin(const Failure& why);

  bool is_shut() const { return outage_.under_way(); }
  std::optional<SteadyTime> shut_since() const { return outage_.since(); }
  /// What calls meet; the primary's word where it has one.
  Failure reason() const;

 private:
  void try_ended(bool failed);

  Env& env_;
  SendingPause& pause_;
  Turn turn_;
  Condition changed_;
  Outage outage_;
  Failure why_begun_;
  std::array<std::optional<Failure>, 2> last_failures_;  ///< by domain, since a call got through
};

}  // namespace couponsync
