#include "api/seen_nonces.h"

#include "base/digest.h"

#include <algorithm>
#include <cstring>

namespace couponsync {
namespace {

std::uint64_t hash_of(std::string_view nonce) {
  const Digest digest = sha256(nonce);
  std::uint64_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

}  // namespace

bool SeenNonces::is_first(UnixSeconds signed_at, std::string_view nonce, UnixSeconds now) {
  while (!seen_.empty() && seen_.begin()->first + window_ <= now) forget(seen_.begin());
  const std::uint64_t hash = hash_of(nonce);
  Hashes& then = seen_[signed_at];
  if (std::ranges::find(then, hash) != then.end()) return false;
  then.push_back(hash);
  ++size_;
  while (size_ > kMost) forget(seen_.begin());
  return true;
}

void SeenNonces::forget(std::map<UnixSeconds, Hashes>::iterator second) {
  size_ -= second->second.size();
  seen_.erase(second);
}

}  // namespace couponsync
