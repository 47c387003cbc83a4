#include "api/mended_json.h"

#include "api/utf8.h"

#include <gtest/gtest.h>

namespace couponsync {
namespace {

std::size_t replaced(std::string_view text) {
  const Utf8Sequence sequence = first_utf8_sequence(text);
  return sequence.valid ? 0 : sequence.size;
}

TEST(Utf8, KnowsEveryCharacterAndNothingElse) {
  int valid = 0;
  for (unsigned a = 0; a < 0x100; ++a)
    for (unsigned b = 0; b < 0x100; ++b)
      for (const unsigned c : {0x41U, 0x80U, 0xBFU, 0xC0U})
        for (const unsigned d : {0x41U, 0x80U, 0xBFU, 0xC0U}) {
          const char bytes[] = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c),
                                static_cast<char>(d)};
          const Utf8Sequence sequence = first_utf8_sequence({bytes, 4});
          ASSERT_GE(sequence.size, 1U);
          ASSERT_LE(sequence.size, sequence.valid ? 4U : 3U);
          if (sequence.valid && sequence.size > 1) ++valid;
        }
  // 30 leads of two bytes with 64 seconds; three bytes: 16 x 64 second bytes without the overlong and the
  // surrogates, of each two of the four third bytes; four bytes: 5 x 64 without the overlong and the too
  // large, likewise.
  EXPECT_EQ(valid, 30 * 64 * 16 + (16 * 64 - 32 - 32) * 2 * 4 + (5 * 64 - 16 - 48) * 2 * 2);
}

TEST(Utf8, ReplacesWhatCouldHaveBecomeACharacterAtOnce) {
  EXPECT_EQ(replaced("\xF0\x9F\x98"), 3U);
  EXPECT_EQ(replaced("\xF0\x9F\x98\""), 3U) << "not the quote behind it";
  EXPECT_EQ(replaced("\xE5\x88\xE5"), 2U);
  EXPECT_EQ(replaced("\xC3"), 1U);
  EXPECT_EQ(replaced("\xED\xA0\x80"), 1U);
  EXPECT_EQ(replaced("\xE0\x80\x80"), 1U);
  EXPECT_EQ(replaced("\xF4\x90\x80\x80"), 1U);
  EXPECT_EQ(replaced("\x80"), 1U);
  EXPECT_EQ(replaced("\xFF"), 1U);
}

TEST(MendJson, LeavesWhatIsWholeAsItIs) {
  for (const char* whole :
       {"", "{}", R"({"a":"\ud83d\ude00\u5238\n\"","b":[1.5e3,true,null,"券😀"]})", "{\"a\" : \"\x7F\"}"}) {
    EXPECT_EQ(mend_json(whole).text, whole);
    EXPECT_EQ(mend_json(whole).marked, whole);
  }
}

TEST(MendJson, KeepsTextAndMarkedInStep) {
  const std::string document =
      "{\"a\":\"\xFF\\ud83d\n\\u0000\",\"b\":1e99999999999,\"c\":" + std::string(kMaxJsonDepth, '[') +
      "\"]\\\"\"" + std::string(kMaxJsonDepth, ']') + ",\"d\":2}";
  const MendedJson mended = mend_json(document);
  ASSERT_EQ(mended.text.size(), mended.marked.size());
  // Where they differ there is a text, an exponent, or what stands for something too deep.
  std::string differing;
  for (std::size_t i = 0; i < mended.text.size(); ++i)
    if (mended.text[i] != mended.marked[i]) differing += mended.text[i];
  EXPECT_EQ(differing,
            "\xBF\xBD"
            "d83d"
            "000"
            "999999null ")
      << mended.marked;
  EXPECT_TRUE(mended.text.ends_with("[null ]" + std::string(kMaxJsonDepth - 2, ']') + ",\"d\":2}"))
      << mended.text;
}

TEST(MendJson, TakesAMarkTheDocumentDoesNotHold) {
  EXPECT_EQ(mend_json("\"\xFF\"").mark, "\xEF\xB7\x90");
  EXPECT_EQ(mend_json("\"\xEF\xB7\x90\xFF\"").mark, "\xEF\xB7\x91");
  EXPECT_EQ(mend_json("\"\\uFDD0\\ufdD1\xFF\"").mark, "\xEF\xB7\x92");
}

TEST(MendJson, StopsAtTheEndWhateverComes) {
  for (const std::string begin : {"\"", "\"\\", "\"\\u", "\"\\ud8", "\"\\ud83d", "\"\\ud83d\\",
                                  "\"\\ud83d\\ude0", "\"\xF0\x9F", "1e", "1e+", "1e123456789"}) {
    const std::vector<char> bytes(begin.begin(), begin.end());  // so that a sanitizer sees any read beyond
    EXPECT_FALSE(mend_json({bytes.data(), bytes.size()}).text.empty());
  }
  const std::string deep(kMaxJsonDepth + 1, '[');
  for (const char* end : {"", "[", "\"", "\"\\", "\"]", "{", "]"})
    EXPECT_FALSE(mend_json(deep + end).text.empty());
}

}  // namespace
}  // namespace couponsync
