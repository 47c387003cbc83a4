#include "sandbox/message.h"

#include <boost/beast/core/string.hpp>

namespace couponsync::sandbox {

std::optional<std::string> Request::header(std::string_view name) const {
  std::optional<std::string> found;
  for (const auto& [header, value] : headers) {
    if (!boost::beast::iequals(header, {name.data(), name.size()})) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

void Reply::set(std::string_view name, std::string value) {
  std::erase_if(headers, [name](const auto& header) { return header.first == name; });
  headers.emplace_back(name, std::move(value));
}

}  // namespace couponsync::sandbox
