#pragma once

#include "api/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace couponsync::testing {

/// A page of entries given as JSON texts, separated by commas.
inline std::string page_of(const std::string& entries) { return "{\"user_coupon_list\":[" + entries + "]}"; }

/// An entry with the least an entry must have, and `more`, which begins with a comma if it is not empty.
inline std::string entry_of(const std::string& more = "", const std::string& stock = R"({"stock_id":"s"})") {
  return R"({"coupon_code":"c","stock":)" + stock + more + "}";
}

/// The decoded page; the test fails if there is none.
inline Page decoded(const std::string& body) {
  Result<Page> page = decode_page(body);
  if (page) return std::move(*page);
  ADD_FAILURE() << describe(page.error()) << "\nin " << body;
  return {};
}

/// The detail of the failure; the test fails if there is none, or another.
inline std::string failure_detail(const std::string& body, FailureKind kind, bool had_page_token = false) {
  const Result<Page> page = decode_page(body, had_page_token);
  if (page) {
    ADD_FAILURE() << "decoded: " << body;
    return "";
  }
  EXPECT_EQ(rule_of(page.error().kind).name, rule_of(kind).name) << body;
  return page.error().detail;
}

inline std::string undecodable_detail(const std::string& body) {
  return failure_detail(body, FailureKind::undecodable);
}

/// Matches an oddity at that place, whatever it is.
inline auto odd_at(const std::string& path) { return ::testing::StartsWith(path + ": "); }

}  // namespace couponsync::testing
