#pragma once

// Internal to this library: no JSON type leaves it.

#include "base/digest.h"

#include <boost/json/object.hpp>

#include <initializer_list>
#include <string>
#include <string_view>

namespace couponsync {

/// Gathers values in a form in which two are equal only if they mean the same: white space, the order of
/// members, null members, 3 and 3.0 make no difference. What the form looks like is nobody's business, but
/// it is kept as a hash in every mirror: changing it has each row written once more.
class CanonicalForm {
 public:
  void add(const boost::json::object& object, std::initializer_list<std::string_view> left_out = {});
  void add(std::string_view text);
  void add_absent();

  Digest digest() const { return sha256(form_); }

 private:
  void add(const boost::json::value& value);

  std::string form_;
};

}  // namespace couponsync
