#include "policy/ascii.hpp"

#include <gtest/gtest.h>

#include <string>

namespace policy {
namespace {

TEST(EqualIgnoringCase, FoldsCapitalLettersAndNothingElse) {
    for (int left = 0; left < 256; ++left) {
        for (int right = 0; right < 256; ++right) {
            const auto a = static_cast<char>(left);
            const auto b = static_cast<char>(right);
            EXPECT_EQ(
                equal_ignoring_case(std::string(1, a), std::string(1, b)),
                to_lower(a) == to_lower(b)
            ) << left
              << ' ' << right;
        }
    }
}

TEST(EqualIgnoringCase, LooksAtEachByteOfEachSize) {
    for (std::size_t size = 0; size <= 25; ++size) {
        const std::string text(size, 'k');
        EXPECT_TRUE(equal_ignoring_case(text, std::string(size, 'K'))) << size;
        EXPECT_FALSE(equal_ignoring_case(text, text + 'k')) << size;
        for (std::size_t place = 0; place < size; ++place) {
            std::string other = text;
            other[place] = 'j';
            EXPECT_FALSE(equal_ignoring_case(text, other)) << size << ' ' << place;
        }
    }
}

TEST(ToLowerEach, IsToLowerOfEachByteWhateverItsNeighboursAre) {
    for (unsigned byte = 0; byte < 256; ++byte) {
        for (const std::uint64_t neighbours : {0x00ULL, 0x41ULL, 0x5aULL, 0xffULL}) {
            const std::uint64_t ones = 0x0101010101010101ULL;
            const std::uint64_t word = (ones * neighbours & ~(0xffULL << 24)) | std::uint64_t{byte}
                                                                                    << 24;
            const auto folded = static_cast<unsigned char>(to_lower_each(word) >> 24);
            EXPECT_EQ(folded, static_cast<unsigned char>(to_lower(static_cast<char>(byte))));
        }
    }
}

}  // namespace
}  // namespace policy
