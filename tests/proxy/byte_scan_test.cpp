#include "proxy/http/byte_scan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace proxy::http {
namespace {

// Longer than two blocks, so that each byte stands in a block, between blocks and behind them.
constexpr std::size_t k_size = 40;

bool is_control_byte(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

TEST(FindControl, FindsEachControlCharacterAtEachPlaceAndNothingElse) {
    for (int byte = 0; byte < 256; ++byte) {
        for (std::size_t place = 0; place < k_size; ++place) {
            std::string text(k_size, 'x');
            text[place] = static_cast<char>(byte);
            const std::size_t wanted = is_control_byte(text[place]) ? place : k_size;
            EXPECT_EQ(find_control(text, 0), wanted) << byte;
            EXPECT_EQ(find_control(text, place), wanted) << byte;
            EXPECT_EQ(find_control(text, place + 1), k_size) << byte;
        }
    }
}

TEST(FindControl, FindsTheFirstOfSeveral) {
    EXPECT_EQ(find_control("0123456789abcdefghij\r\n\r\n", 0), 20U);
    EXPECT_EQ(find_control("\t\t", 1), 1U);
    EXPECT_EQ(find_control("", 0), 0U);
}

TEST(CountToken, EndsAtEachByteThatIsNone) {
    for (int byte = 0; byte < 256; ++byte) {
        for (std::size_t place = 0; place < k_size; ++place) {
            std::string text(k_size, 'x');
            text[place] = static_cast<char>(byte);
            const bool is_token = is_in(k_token_characters, text[place]);
            EXPECT_EQ(count_token(text), is_token ? k_size : place) << byte;
            EXPECT_EQ(count_token(text.substr(0, place + 1)), is_token ? place + 1 : place) << byte;
        }
    }
}

}  // namespace
}  // namespace proxy::http
