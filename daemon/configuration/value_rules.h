#pragma once

#include <string_view>

/// What single values of the configuration may look like. Rules that come from outside name their source.
namespace couponsync::daemon {

/// WeChat's openids and appids, and the IDs WeChat Pay gives: 1 to 128 of [0-9A-Za-z_-].
inline constexpr const char* kIdentifierAllowed = "1 to 128 of [0-9A-Za-z_-]";
bool is_identifier(std::string_view text);

/// The serial number of a certificate as WeChat Pay shows it, today 40 hexadecimal digits.
inline constexpr const char* kSerialAllowed = "1 to 64 of [0-9A-Za-z]";
bool is_serial(std::string_view text);

/// The states of the API's documentation.
inline constexpr const char* kCouponStateAllowed =
    "one of CONFIRMING, PENDING, EFFECTIVE, USED, EXPIRED, DELETED, DEACTIVATED";
bool is_coupon_state(std::string_view text);

/// A key that was pasted in the place of its file's name must never be shown as a path.
inline constexpr const char* kPathAllowed =
    "a path of 1 to 4095 bytes without control characters; a key itself belongs into a file of its own";
bool is_path(std::string_view text);

inline constexpr const char* kListenAllowed =
    "null, \"ADDRESS:PORT\" of this machine alone such as \"127.0.0.1:9464\", or \"unix:/path\" of up to 107 "
    "bytes";
/// Whoever can connect is answered, so nothing but loopback. A socket's path is that long at most (unix(7)).
bool is_listen_address(std::string_view text);

}  // namespace couponsync::daemon
