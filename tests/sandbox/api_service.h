#pragma once

#include "sandbox/authorization.h"
#include "sandbox/data.h"
#include "sandbox/fault_plan.h"
#include "sandbox/keys.h"
#include "sandbox/listing_query.h"
#include "sandbox/message.h"
#include "sandbox/quota.h"

#include <boost/json/array.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>

namespace couponsync::sandbox {

/// The API: a request in, a reply out, faults included. Does no I/O. Keeps a log of every call.
class ApiService {
 public:
  static constexpr const char* kBrandId = "120344";

  ApiService(Keys keys, Data data);

  /// `reused_connection`: it is not the connection's first request.
  Reply answer(std::string_view domain, const Request& request, bool reused_connection);

  Data& data() { return data_; }
  Quota& quota() { return quota_; }
  FaultPlan& faults() { return faults_; }
  void set_latency(int ms) { latency_ms_ = ms; }
  /// This text, byte for byte, is every user's first page.
  void show_raw_example(std::string body) { raw_example_ = std::move(body); }

  /// One object a call, oldest first: n, domain, openid, filters, page, status, code, fault.
  const boost::json::array& log() const { return log_; }
  boost::json::object stats() const;

 private:
  struct TokenTarget {
    std::string identity;
    std::size_t offset = 0;
    std::int64_t page = 1;
  };
  struct Call;

  Reply answer_call(const Request& request, Call& call);
  void check_signature(const Request& request);
  Reply page(const Call& call);
  /// The page as it should be, but for the fault.
  Reply with_fault(const FaultRule& fault, Reply reply) const;
  void put_in_wrong(const FaultRule& fault, boost::json::object& body, const Call& call);
  static void break_texts(std::string& body);
  std::string new_token(TokenTarget target);
  Reply signed_reply(std::string body, std::int64_t at) const;
  Reply error_reply(int status, std::string_view code, std::string_view message) const;
  /// Faults of the whole reply; nothing if the fault is one of the page's content.
  std::optional<Reply> faulty_reply(const FaultRule& fault, const Call& call);

  Keys keys_;
  Data data_;
  AuthorizationCheck authorization_;
  Quota quota_;
  FaultPlan faults_;
  int latency_ms_ = 0;
  std::optional<std::string> raw_example_;
  std::map<std::string, TokenTarget> tokens_;
  std::optional<Reply> last_page_;  ///< that went out as it should
  std::mt19937_64 random_{99};
  boost::json::array log_;
};

}  // namespace couponsync::sandbox
