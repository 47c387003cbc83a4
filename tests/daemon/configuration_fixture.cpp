#include "daemon/configuration_fixture.h"

#include <fstream>

namespace couponsync::daemon::test {

std::filesystem::path ConfigurationTest::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path path = folder() / name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

Configuration ConfigurationTest::load(const std::string& text) const {
  return load_configuration(write("couponsyncd.json", text));
}

std::string ConfigurationTest::problems(const std::string& text) const {
  try {
    load(text);
    return "";
  } catch (const ConfigurationError& error) {
    return error.what();
  }
}

std::string ConfigurationTest::minimal(const std::string& more) {
  return R"({"brand_id": "120344",
    "credentials": {"certificate_serial": "5157F0", "private_key_file": "brand_key.pem",
                    "wechatpay_public_key_id": "PUB_KEY_ID_1", "wechatpay_public_key_file": "/keys/pub.pem"},
    "watchlist": [{"appid": "wx1", "openids": ["o1"]}],
    "mirror": {"path": "data/mirror.db"})" +
         (more.empty() ? "" : ", " + more) + "}";
}

}  // namespace couponsync::daemon::test
