#include "proxy/http/message.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace proxy::http {
namespace {

TEST(IsSameName, ComparesAsciiLettersWithoutCase) {
    EXPECT_TRUE(is_same_name("Content-Length", "cONTENT-lENGTH"));
    EXPECT_TRUE(is_same_name("", ""));
    EXPECT_FALSE(is_same_name("Host", "Hos"));
    EXPECT_FALSE(is_same_name("Host", "Hosts"));
}

TEST(IsSameName, ComparesOnlyLettersWithoutCase) {
    // Pairs that differ in the bit that makes a letter small.
    EXPECT_FALSE(is_same_name("[", "{"));
    EXPECT_FALSE(is_same_name("@", "`"));
    EXPECT_FALSE(is_same_name("^", "~"));
    EXPECT_FALSE(is_same_name("\xc4", "\xe4"));
}

TEST(HasToken, FindsElementsOfAListWithoutCase) {
    EXPECT_TRUE(has_token("close", "close"));
    EXPECT_TRUE(has_token("keep-alive, Close", "close"));
    EXPECT_TRUE(has_token(" ,\t, keep-alive\t,close ,", "keep-alive"));
    EXPECT_FALSE(has_token("keep-alive", "keep"));
    EXPECT_FALSE(has_token("not close", "close"));
    EXPECT_FALSE(has_token("", "close"));
    EXPECT_FALSE(has_token(",", ""));
}

TEST(Head, FindsTheFirstFieldOfAName) {
    Head head;
    head.fields = {{"A", "1"}, {"b", "2"}, {"a", "3"}};
    EXPECT_EQ(head.find("a"), "1");
    EXPECT_EQ(head.find("B"), "2");
    EXPECT_EQ(head.find("c"), std::nullopt);
}

TEST(ResponseHead, IsInterimForEvery1xxBut101) {
    ResponseHead head;
    for (const auto& [status, is_interim] :
         {std::pair{100, true}, {101, false}, {103, true}, {199, true}, {200, false}, {99, false}
         }) {
        head.status = static_cast<std::uint16_t>(status);
        EXPECT_EQ(head.is_interim(), is_interim) << status;
    }
}

}  // namespace
}  // namespace proxy::http
