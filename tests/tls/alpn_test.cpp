#include "tls/alpn.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tls {
namespace {

using namespace std::string_literals;

std::string names(std::string_view wire) {
    return names_of({reinterpret_cast<const unsigned char*>(wire.data()), wire.size()});
}

TEST(Alpn, MeansWhatItIsCalled) {
    for (const Alpn alpn :
         {Alpn::http1, Alpn::h2, Alpn::tcp, Alpn::standard_http1, Alpn::standard}) {
        const std::string offered = offer_of(alpn);
        EXPECT_EQ(alpn_of(offered.empty() ? "" : offered.substr(1)), alpn);
        EXPECT_TRUE(is_wanted(alpn, alpn));
        EXPECT_FALSE(is_wanted(Alpn::none, alpn));
    }
    EXPECT_EQ(alpn_of("http/1.0"), Alpn::standard_http1);
    EXPECT_EQ(alpn_of("h2"), Alpn::none);
    EXPECT_EQ(alpn_of("smilax/mux2"), Alpn::none);
}

TEST(Alpn, OfOursIsNeverTakenForNone) {
    for (const Alpn alpn : {Alpn::http1, Alpn::h2, Alpn::tcp, Alpn::mux}) {
        EXPECT_FALSE(is_wanted(Alpn::standard, alpn));
        EXPECT_FALSE(is_wanted(Alpn::standard_http1, alpn));
    }
    EXPECT_FALSE(is_wanted(Alpn::standard_http1, Alpn::standard));
    EXPECT_TRUE(is_wanted(Alpn::standard, Alpn::standard_http1));
    EXPECT_TRUE(is_wanted(Alpn::http1, Alpn::mux));
}

TEST(Alpn, StandardNamesAreServedToStandardClientsAlone) {
    for (const std::string_view name : {"\x08http/1.1", "\x08http/1.0"}) {
        EXPECT_EQ(served_to(Clients::mesh).find(name), std::string_view::npos);
        EXPECT_NE(served_to(Clients::standard).find(name), std::string_view::npos);
    }
    EXPECT_TRUE(served_to(Clients::standard).starts_with(served_to(Clients::mesh)));
}

TEST(Alpn, NamesAreShownAsFarAsTheyGo) {
    EXPECT_EQ(names(""), "");
    EXPECT_EQ(names("\x02h2\x08http/1.1"), "h2, http/1.1");
    EXPECT_EQ(names("\x09h2"), "h2");
    EXPECT_EQ(names("\x00\x02h2"s), "h2");
    EXPECT_EQ(names("\xff" + std::string(255, 'x')), std::string(100, 'x'));
}

}  // namespace
}  // namespace tls
