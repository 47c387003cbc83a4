#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace couponsync::testing {

using TestKey = std::shared_ptr<evp_pkey_st>;

/// Fresh keys and their PEM forms, made with OpenSSL alone, not with the code under test.
TestKey make_rsa_key(unsigned bits);
TestKey make_ec_key();
TestKey make_rsa_pss_key();

std::string pkcs8_pem(const TestKey& key);
std::string pkcs1_pem(const TestKey& key);
std::string encrypted_pkcs8_pem(const TestKey& key);
std::string encrypted_pkcs1_pem(const TestKey& key);
std::string spki_pem(const TestKey& key);
std::string pkcs1_public_pem(const TestKey& key);
std::string certificate_pem(const TestKey& key);

/// SHA256withRSA over `text`, in Base64.
std::string sign_with(const TestKey& key, std::string_view text);
bool verify_with(const TestKey& key, std::string_view text, std::string_view raw_signature);

}  // namespace couponsync::testing
