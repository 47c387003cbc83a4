#pragma once

// Internal to this library: no JSON type leaves it.

#include "api/reply_object.h"
#include "base/failure.h"

#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace couponsync {

/// A reply's body as JSON. Where single texts or values in it are broken it is mended: the texts have U+FFFD
/// where they were broken.
class JsonDocument {
 public:
  /// Borrows both; `memory` gets the values. Fails with undecodable, saying where, if this is no JSON even
  /// mended.
  static Result<JsonDocument> parse(std::string_view body, boost::json::storage_ptr memory);

  const boost::json::value& top() const { return top_; }
  /// What pieces are to be kept of: UTF-8, and the body's own bytes but for what was mended.
  std::string_view text() const { return mended_ ? std::string_view(*mended_) : body_; }
  /// What was mended.
  const Oddities& oddities() const { return oddities_; }

 private:
  JsonDocument(std::string_view body, boost::json::value top) : body_(body), top_(std::move(top)) {}

  std::string_view body_;
  std::optional<std::string> mended_;
  boost::json::value top_;
  Oddities oddities_;
};

}  // namespace couponsync
