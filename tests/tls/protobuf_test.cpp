#include "tls/workload_api/protobuf.hpp"

#include "tests/support/protobuf_bytes.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace tls::workload_api {
namespace {

using protobuf_bytes::bytes;
using protobuf_bytes::integer;
using protobuf_bytes::tag;
using protobuf_bytes::varint;

struct Read {
    std::vector<ProtobufField> fields;
    bool is_damaged = false;
};

Read read(const std::string& message) {
    Read result;
    ProtobufReader reader(message);
    while (const auto field = reader.next()) {
        result.fields.push_back(*field);
    }
    EXPECT_FALSE(reader.next().has_value()) << "the end stays the end";
    result.is_damaged = reader.is_damaged();
    return result;
}

TEST(Protobuf, AnEmptyMessageHasNoFields) {
    EXPECT_TRUE(read("").fields.empty());
    EXPECT_FALSE(read("").is_damaged);
}

TEST(Protobuf, ReadsNumbersAndBytesInOrder) {
    const std::string message = bytes(1, "one") + integer(2, 300) + bytes(536870911, "");
    const Read result = read(message);
    ASSERT_EQ(result.fields.size(), 3U);
    EXPECT_FALSE(result.is_damaged);
    EXPECT_EQ(result.fields[0].number, 1U);
    EXPECT_EQ(result.fields[0].bytes, "one");
    EXPECT_EQ(result.fields[1].type, ProtobufField::Type::varint);
    EXPECT_EQ(result.fields[1].varint, 300U);
    EXPECT_EQ(result.fields[2].number, 536870911U);
    EXPECT_EQ(result.fields[2].bytes, "");
}

TEST(Protobuf, ReadsTheLargestNumber) {
    const std::string message = integer(1, std::numeric_limits<std::uint64_t>::max());
    ASSERT_EQ(read(message).fields.size(), 1U);
    EXPECT_EQ(read(message).fields[0].varint, std::numeric_limits<std::uint64_t>::max());
}

TEST(Protobuf, PassesOverFixedWidthValues) {
    const std::string message = tag(7, 1) + "12345678" + tag(8, 5) + "1234" + bytes(9, "x");
    const Read result = read(message);
    ASSERT_EQ(result.fields.size(), 1U);
    EXPECT_EQ(result.fields[0].number, 9U);
    EXPECT_FALSE(result.is_damaged);
}

TEST(Protobuf, GivesWhatCameBeforeTheDamage) {
    const Read result = read(bytes(1, "good") + tag(2, 2) + varint(5) + "four");
    ASSERT_EQ(result.fields.size(), 1U);
    EXPECT_TRUE(result.is_damaged);
}

TEST(Protobuf, RefusesWhatIsNoMessage) {
    const std::vector<std::string> damaged{
        tag(1, 2),              // no length
        tag(1, 2) + varint(1),  // nothing after it
        tag(1, 2) + varint(std::numeric_limits<std::uint64_t>::max()) + "x",
        tag(1, 0),                                                   // no number
        tag(1, 0) + "\x80",                                          // half a number
        tag(1, 0) + std::string(9, '\xff') + "\x02",                 // 65 bits
        tag(1, 0) + std::string(10, '\x80') + std::string(1, '\0'),  // eleven bytes
        tag(1, 1) + "1234567",
        tag(1, 5) + "123",
        tag(1, 3) + tag(1, 4),  // a group
        tag(1, 4),
        tag(1, 6) + "x",
        tag(1, 7) + "x",
        tag(0, 0) + varint(1),             // field 0
        tag(536870912, 0) + varint(1),     // a number beyond the largest
        std::string(10, '\xff') + "\x01",  // no tag
    };
    for (const std::string& message : damaged) {
        const Read result = read(message);
        EXPECT_TRUE(result.is_damaged) << ::testing::PrintToString(message);
        EXPECT_TRUE(result.fields.empty()) << ::testing::PrintToString(message);
    }
}

}  // namespace
}  // namespace tls::workload_api
