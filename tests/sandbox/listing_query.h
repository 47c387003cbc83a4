#pragma once

#include "sandbox/message.h"

#include <stdexcept>
#include <string>
#include <string_view>

namespace couponsync::sandbox {

/// An error of the API: status, code, message.
class ApiError : public std::runtime_error {
 public:
  ApiError(int status, std::string code, const std::string& message)
      : std::runtime_error(message), status_(status), code_(std::move(code)) {}
  int status() const { return status_; }
  const std::string& code() const { return code_; }

 private:
  int status_;
  std::string code_;
};

/// The parameters of one request for one page, within their documented ranges.
struct ListingQuery {
  std::string openid;
  std::string appid;
  std::string product_coupon_id;
  std::string stock_id;
  std::string coupon_state;
  int page_size = 20;  ///< the documented default
  std::string page_token;

  /// What a page token is bound to.
  std::string identity() const;
};

/// Checks method, path, parameters and the headers that are not about the signature. Throws ApiError.
ListingQuery parse_listing_query(const Request& request);

}  // namespace couponsync::sandbox
