#include "policy/timestamp.hpp"

#include <gtest/gtest.h>

#include <string>

namespace policy {
namespace {

TEST(Timestamp, ComparesInstantsAndNotTexts) {
    const auto at = [](std::string_view text) {
        const auto instant = parse_timestamp(text);
        EXPECT_TRUE(instant.has_value()) << text;
        return instant.value_or(Instant{});
    };
    EXPECT_EQ(at("1970-01-01T00:00:00Z"), Instant{});
    EXPECT_EQ(at("2024-01-01T01:00:00+01:00"), at("2024-01-01T00:00:00Z"));
    EXPECT_EQ(at("2024-01-01T00:00:00-00:30"), at("2024-01-01T00:30:00Z"));
    EXPECT_LT(at("2024-01-01T01:00:00+02:00"), at("2024-01-01T00:00:00Z"));
    EXPECT_LT(at("2024-01-01T00:00:00Z"), at("2024-01-01T00:00:00.5Z"));
    EXPECT_LT(at("2024-01-01T00:00:00.25Z"), at("2024-01-01T00:00:00.250000001Z"));
    EXPECT_EQ(at("2024-01-01T00:00:00.1234567891Z"), at("2024-01-01T00:00:00.123456789Z"));
    EXPECT_EQ(at("2016-12-31T23:59:60Z"), at("2017-01-01T00:00:00Z"));
    EXPECT_EQ(at("2024-02-29t00:00:00z"), at("2024-02-29T00:00:00Z"));
}

TEST(Timestamp, RefusesWhatIsNone) {
    for (const char* text :
         {"",
          "yesterday",
          "2024-01-01",
          "2024-01-01T00:00:00",
          "2024-01-01T00:00Z",
          "2024-1-1T00:00:00Z",
          "2024-13-01T00:00:00Z",
          "2023-02-29T00:00:00Z",
          "2024-01-01T24:00:00Z",
          "2024-01-01T00:60:00Z",
          "2024-01-01T00:00:61Z",
          "2024-01-01T00:00:00.Z",
          "2024-01-01T00:00:00+1:00",
          "2024-01-01T00:00:00+01:00x",
          "2024-01-01T00:00:00Zjunk",
          "0001-01-01T00:00:00Z",
          "9999-01-01T00:00:00Z"}) {
        EXPECT_FALSE(parse_timestamp(text).has_value()) << text;
    }
}

}  // namespace
}  // namespace policy
