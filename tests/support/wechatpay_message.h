#pragma once

#include "base/http.h"
#include "base/listing.h"
#include "base/time.h"

#include <cstddef>
#include <functional>
#include <string>

namespace couponsync::test {

/// What a call asks for, as a made-up API reads it.
struct PageRequest {
  ListingKey key;
  std::string page_token;     ///< empty on the first page
  std::size_t page_size = 0;  ///< 0: not given
  std::string nonce;          ///< of its signature
  UnixSeconds signed_at = 0;
};
PageRequest read_page_request(const HttpRequest& request);

/// What a reply of the API is known by.
struct ReplyMarks {
  std::string request_id;
  std::string nonce;
  std::string public_key_id;
};
/// A 200 with `body`; `sign` gives the base64 signature of a text.
HttpReply signed_reply(std::string body, WallTime at, ReplyMarks marks,
                       const std::function<std::string(const std::string&)>& sign);

}  // namespace couponsync::test
