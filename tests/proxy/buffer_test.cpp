#include "proxy/net/buffer.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <thread>

namespace proxy::net {
namespace {

void put(Buffer& buffer, std::string_view text) {
    const auto space = buffer.prepare(64);
    ASSERT_GE(space.size(), text.size());
    std::memcpy(space.data(), text.data(), text.size());
    buffer.commit(text.size());
}

TEST(Buffer, HoldsWhatWasCommittedUntilItIsConsumed) {
    Buffer buffer(16);
    put(buffer, "hello");
    buffer.consume(2);
    EXPECT_EQ(buffer.data(), "llo");
    buffer.consume(3);
    EXPECT_TRUE(buffer.is_empty());
}

TEST(Buffer, ViewsSurviveConsume) {
    Buffer buffer(16);
    put(buffer, "hello");
    const std::string_view view = buffer.data();
    buffer.consume(5);
    EXPECT_EQ(view, "hello");
}

TEST(Buffer, MakesRoomByMovingBeforeItGrows) {
    Buffer buffer(8);
    put(buffer, "12345678");
    buffer.consume(6);
    const auto space = buffer.prepare(64);
    EXPECT_EQ(space.size(), 6U);
    EXPECT_EQ(buffer.data(), "78");
}

TEST(Buffer, GrowsUpToItsBoundAndNoFurther) {
    Buffer buffer(8);
    put(buffer, "12345678");
    EXPECT_EQ(buffer.prepare(12).size(), 4U);
    buffer.commit(4);
    EXPECT_EQ(buffer.prepare(12).size(), 0U);
    EXPECT_EQ(buffer.data().substr(0, 8), "12345678");
}

TEST(Buffer, HandsItsMemoryOnAlsoWhenItWasLarge) {
    const auto memory_of = [](std::size_t bytes) {
        Buffer buffer(16);
        buffer.append(std::string(bytes, 'x'));
        return static_cast<const void*>(buffer.data().data());
    };
    // What is kept is a thread's own, and of the size that it saw first: other tests have others.
    std::thread([&] {
        const void* const initial = memory_of(16);
        const void* const large = memory_of(50);
        EXPECT_NE(initial, large);
        EXPECT_EQ(memory_of(10), initial);
        EXPECT_EQ(memory_of(64), large);
    }).join();
}

TEST(Buffer, IsSmallAgainOnceItIsEmpty) {
    Buffer buffer(16);
    buffer.append(std::string(50, 'x'));
    buffer.consume(50);
    EXPECT_EQ(buffer.prepare(16).size(), 16U);
}

}  // namespace
}  // namespace proxy::net
