#pragma once

#include "sandbox/keys.h"

#include <string>

namespace couponsync::sandbox {

struct Certificates {
  std::string ca_pem;
  std::string server_pem;
};

/// A CA of its own and a server certificate for localhost, 127.0.0.1 and ::1 signed by it; both good for ten
/// years.
Certificates make_certificates(const KeyPointer& ca_key, const KeyPointer& server_key);

std::string private_pem(const KeyPointer& key);
std::string public_pem(const KeyPointer& key);

}  // namespace couponsync::sandbox
