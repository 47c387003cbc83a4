#include "support/wechatpay_message.h"

#include <boost/url/parse.hpp>

#include <utility>

namespace couponsync::test {
namespace {

std::string member_of(const std::string& authorization, const std::string& name) {
  const std::size_t begin = authorization.find(name + "=\"") + name.size() + 2;
  return authorization.substr(begin, authorization.find('"', begin) - begin);
}

}  // namespace

PageRequest read_page_request(const HttpRequest& request) {
  const auto url = boost::urls::parse_origin_form(request.target).value();
  PageRequest asked;
  std::string before;
  for (const auto& segment : url.segments()) {
    if (before == "users") asked.key.openid = Openid(std::string(segment));
    before = segment;
  }
  for (const auto& param : url.params()) {
    if (param.key == "appid") asked.key.appid = param.value;
    if (param.key == "product_coupon_id") asked.key.product_coupon_id = param.value;
    if (param.key == "stock_id") asked.key.stock_id = param.value;
    if (param.key == "coupon_state") asked.key.coupon_state = param.value;
    if (param.key == "page_token") asked.page_token = param.value;
    if (param.key == "page_size") asked.page_size = std::stoul(param.value);
  }
  for (const HttpHeader& header : request.headers) {
    if (header.name != "Authorization") continue;
    asked.nonce = member_of(header.value, "nonce_str");
    asked.signed_at = std::stoll(member_of(header.value, "timestamp"));
  }
  return asked;
}

HttpReply signed_reply(std::string body, WallTime at, ReplyMarks marks,
                       const std::function<std::string(const std::string&)>& sign) {
  const std::string timestamp = std::to_string(to_unix_seconds(at));
  std::string signature = sign(timestamp + "\n" + marks.nonce + "\n" + body + "\n");
  HttpReply reply;
  reply.status = 200;
  reply.headers = {{"Request-ID", std::move(marks.request_id)},
                   {"Wechatpay-Timestamp", timestamp},
                   {"Wechatpay-Nonce", std::move(marks.nonce)},
                   {"Wechatpay-Signature", std::move(signature)},
                   {"Wechatpay-Serial", std::move(marks.public_key_id)}};
  reply.wire_bytes = body.size();
  reply.body = std::move(body);
  return reply;
}

}  // namespace couponsync::test
