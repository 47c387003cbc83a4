#include "configuration/value_rules.h"

#include "base/coupon_state.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>
#include <string>

namespace couponsync::daemon {
namespace {

constexpr std::size_t kMaxSocketPath = 107;
constexpr std::size_t kMaxPath = 4095;
constexpr std::size_t kShortestKey = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
bool is_base64(char c) { return is_digit(c) || is_letter(c) || c == '+' || c == '/' || c == '='; }

/// A PEM text on one line, or the Base64 of a key: a name of a file is no longer than 255 bytes, and a path
/// of nothing but such letters has some other character or a short part.
bool is_key(std::string_view text) {
  if (text.find("-----BEGIN") != std::string_view::npos || text.find("-----END") != std::string_view::npos)
    return true;
  const auto is_base64_run = [](std::string_view run) { return std::ranges::all_of(run, is_base64); };
  // Padding, or the first bytes of any DER structure of a key's size, which no path begins with by chance.
  return text.size() >= kShortestKey && is_base64_run(text) &&
         (text.ends_with('=') || text.starts_with("MI"));
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

}  // namespace

bool is_identifier(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return is_digit(c) || is_letter(c) || c == '_' || c == '-';
  });
}

bool is_serial(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || is_letter(c); });
}

bool is_coupon_state(std::string_view text) { return life_stage(text).has_value(); }

bool is_path(std::string_view text) {
  return !text.empty() && text.size() <= kMaxPath && std::ranges::none_of(text, is_control) && !is_key(text);
}

bool is_listen_address(std::string_view text) {
  if (text.starts_with("unix:")) {
    const std::string_view path = text.substr(5);
    return path.starts_with('/') && !path.ends_with('/') && path.size() <= kMaxSocketPath && is_path(path);
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !is_port(text.substr(colon + 1))) return false;
  std::string address(text.substr(0, colon));
  const bool bracketed = address.size() > 2 && address.front() == '[' && address.back() == ']';
  if (bracketed) address = address.substr(1, address.size() - 2);
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(address, error);
  return !error && parsed.is_v6() == bracketed && parsed.is_loopback();
}

}  // namespace couponsync::daemon
