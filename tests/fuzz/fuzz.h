#pragma once

#include "base/http.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <time.h>

/// What a fuzzer is called with: libFuzzer's entry, and the replay's. It returns 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace couponsync::fuzz {

/// Ends the process if the input broke a promise: libFuzzer then keeps the input.
inline void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Takes an input apart, byte by byte; once it is used up, everything is 0 or empty.
class Input {
 public:
  explicit Input(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }
  /// Up to the next `end`, which is taken too.
  std::string_view until(char end) {
    const std::size_t size = rest_.find(end);
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size == std::string_view::npos ? rest_.size() : size + 1);
    return taken;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

/// A large text from a small input: what stands between two record separators (0x1E) is repeated, so that
/// time or memory that grows with the square of the size shows itself.
inline std::string grown(std::string_view bytes) {
  constexpr std::size_t kRepeated = 131'072;
  std::string text;
  Input input(bytes);
  for (bool is_repeated = false; !input.empty(); is_repeated = !is_repeated) {
    const std::string_view piece = input.until('\x1E');
    const std::size_t times = is_repeated ? kRepeated / (piece.size() + 1) + 1 : 1;
    for (std::size_t i = 0; i < times; ++i) text += piece;
  }
  return text;
}

/// Requires that no more CPU time goes by between its beginning and its end than the size explains, in the
/// slowest build there is.
class TimeLimit {
 public:
  explicit TimeLimit(std::size_t size) : most_(1.0 + 40e-6 * static_cast<double>(size)) {}
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;
  ~TimeLimit() { require(now() - begin_ < most_, "time grows with the size alone"); }

 private:
  static double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }

  double most_;
  double begin_ = now();
};

/// A reply from a text: the status in the first line, then headers, an empty line, and the body, which grows.
inline HttpReply reply_of(std::string_view bytes) {
  Input input(bytes);
  HttpReply reply;
  reply.status = std::atoi(std::string(input.until('\n').substr(0, 6)).c_str());
  while (!input.empty()) {
    const std::string_view line = input.until('\n');
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    const std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 2);
    reply.headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
  }
  reply.body = grown(input.rest());
  return reply;
}

/// UTF-8 (RFC 3629) without NUL.
inline bool is_clean_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (first == 0 || (first >= 0x80 && first < 0xC2) || first > 0xF4 || at + size > text.size())
      return false;
    char32_t character = size == 1 ? first : first & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
      const auto next = static_cast<unsigned char>(text[at + i]);
      if ((next & 0xC0U) != 0x80U) return false;
      character = (character << 6U) | (next & 0x3FU);
    }
    const bool is_too_long = (size == 3 && character < 0x800) || (size == 4 && character < 0x10000);
    const bool is_surrogate = character >= 0xD800 && character <= 0xDFFF;
    if (is_too_long || is_surrogate || character > 0x10FFFF) return false;
    at += size;
  }
  return true;
}

/// One line for people: clean UTF-8 without control characters.
inline bool is_one_line(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x20 || c == 0x7F) return false;
    if (c == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0) return false;
  }
  return is_clean_utf8(text);
}

}  // namespace couponsync::fuzz
