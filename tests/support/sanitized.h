#pragma once

namespace couponsync::test {

/// How many of `times` repetitions a test makes: a tenth under a sanitizer, which looks at the same code and
/// is many times slower. The others are made without one.
constexpr int repetitions(int times) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return times < 10 ? 1 : times / 10;
#else
  return times;
#endif
}

}  // namespace couponsync::test
