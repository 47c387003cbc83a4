#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace couponsync::test {

/// A row as text, column by column; "NULL" where there is nothing.
using Row = std::map<std::string, std::string>;
/// Rows by their key.
using Table = std::map<std::string, Row>;

/// What the mirror has to hold for one entry of the API, worked out from the contract alone and with nothing
/// of the service's own code: key and columns of `coupon`, `usage_detail`, `stock`, `product_coupon`.
struct ExpectedRows {
  Table coupons;        ///< by "appid openid stock_id coupon_code"
  Table usage_details;  ///< by the coupon's key + " usage_mode item_index"
  Table stocks;         ///< by stock_id; without what rides along and changes by itself
  Table products;       ///< by product_coupon_id
  void add(const std::string& appid, const std::string& openid, const boost::json::object& entry);
};

/// The same of every user the sandbox knows (`truth` is its GET /truth).
ExpectedRows expected_rows(const boost::json::array& truth);

/// The same columns as they are in the mirror (coupons that are not missing).
ExpectedRows mirrored_rows(const std::filesystem::path& mirror);

/// The first few differences, for people; empty if there is none.
std::string difference(const Table& expected, const Table& actual);

/// RFC 3339, with or without seconds, to unix seconds.
std::int64_t instant(const std::string& text);

}  // namespace couponsync::test
