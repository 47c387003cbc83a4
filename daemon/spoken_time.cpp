#include "spoken_time.h"

#include <array>
#include <ctime>

namespace couponsync::daemon {

std::string spoken_time(UnixSeconds when) {
  const std::time_t seconds = when;
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 16> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%H:%M:%S", &local);
  return {text.data(), size};
}

}  // namespace couponsync::daemon
