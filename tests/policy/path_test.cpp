#include "policy/path.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace policy {
namespace {

TEST(CanonicalPath, IsTheOneFormOfAllThatMeanTheSame) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"/", "/"},
        {"/a/b", "/a/b"},
        {"/a/b/", "/a/b/"},
        {"//", "/"},
        {"//admin", "/admin"},
        {"/a///b//", "/a/b/"},
        {"/.", "/"},
        {"/./a", "/a"},
        {"/a/.", "/a/"},
        {"/a/..", "/"},
        {"/a/../b", "/b"},
        {"/a/b/..", "/a/"},
        {"/a/b/../../c", "/c"},
        {"/api/../admin", "/admin"},
        {"/api/%2e%2e/admin", "/admin"},
        {"/api/%2E%2e/admin", "/admin"},
        {"/api/.%2e/admin", "/admin"},
        {"/a//../b", "/b"},
        {"/%61dmin", "/admin"},
        {"/%7Euser/%2D%5F", "/~user/-_"},
        {"/...", "/..."},
        {"/..a/a..", "/..a/a.."},
        // Path parameters are set aside for the test of dot segments, and only for that.
        {"/api;x=1/../admin", "/admin"},
        {"/a/..;/b", "/b"},
        {"/a/..;x=1", "/"},
        {"/a/.;x/b", "/a/b"},
        {"/a;x/b;y", "/a;x/b;y"},
        {"/a/;x/../b", "/a/b"},
        // Escapes that are not of unreserved bytes stay, and %25 is decoded by nobody.
        {"/%2561", "/%2561"},
        {"/%252e%252e/", "/%252e%252e/"},
        {"/a%20b%3Bc%3d", "/a%20b%3Bc%3d"},
        {"/%3F%23", "/%3F%23"},
        {"/%ff\xff", "/%ff\xff"},
    };
    for (const auto& [path, expected] : cases) {
        std::string out = "left over";
        ASSERT_EQ(canonical_path(path, false, out), PathVerdict::ok) << path;
        EXPECT_EQ(out, expected) << path;
        std::string again;
        ASSERT_EQ(canonical_path(out, false, again), PathVerdict::ok) << path;
        EXPECT_EQ(again, out) << path;
    }
}

TEST(CanonicalPath, RefusesWhatApplicationsReadInDifferentWays) {
    using namespace std::string_view_literals;
    const std::string_view cases[] = {
        "",           "a",        "*",          "/a%2Fb",   "/%2fadmin", "/a%5c..%5cadmin",
        "/a%5Cb",     "/a\\b",    "/a\0b"sv,    "/a\tb",    "/a\x7f",    "/a b",
        "/%00",       "/%0d%0a",  "/%7f",       "/admin#x", "/admin?x",  "/%",
        "/%4",        "/%4g",     "/%zz",       "/a%",      "/..",       "/../a",
        "/..;/admin", "/a/../..", "/a/../../b", "/./../a",  "//..",
    };
    for (const std::string_view path : cases) {
        std::string out = "left over";
        EXPECT_EQ(canonical_path(path, false, out), PathVerdict::refused) << path;
        EXPECT_EQ(out, "") << path;
    }
}

TEST(CanonicalPath, KeepsEscapedSlashesWhenTold) {
    std::string out;
    EXPECT_EQ(canonical_path("/a%2Fb%5c%2f../c", true, out), PathVerdict::ok);
    EXPECT_EQ(out, "/a%2Fb%5c%2f../c");
    EXPECT_EQ(canonical_path("/a\\b", true, out), PathVerdict::refused);
    EXPECT_EQ(canonical_path("/a%00", true, out), PathVerdict::refused);
}

struct TargetCase {
    std::string_view method;
    std::string_view target;
    std::string_view path;
    std::string_view query;
};

TEST(SplitTarget, FindsThePathInEveryForm) {
    const TargetCase cases[] = {
        {"GET", "/a/b", "/a/b", ""},
        {"GET", "/a?x=/../y?z", "/a", "?x=/../y?z"},
        {"GET", "/?", "/", "?"},
        {"GET", "http://shop.example/a?x", "/a", "?x"},
        {"GET", "HTTPS://shop.example:8080", "/", ""},
        {"GET", "http://shop.example?x", "/", "?x"},
        {"OPTIONS", "http://shop.example", "", ""},
        {"OPTIONS", "http://shop.example/a", "/a", ""},
        {"OPTIONS", "*", "", ""},
        {"CONNECT", "shop.example:443", "", ""},
        {"CONNECT", "/chat?x", "/chat", "?x"},
        {"GET", "//shop.example/a", "//shop.example/a", ""},
    };
    for (const TargetCase& expected : cases) {
        const TargetParts parts = split_target(expected.method, expected.target);
        EXPECT_EQ(parts.path, expected.path) << expected.target;
        EXPECT_EQ(parts.query, expected.query) << expected.target;
    }
}

TEST(SplitTarget, LeavesWhatIsNoFormToBeRefused) {
    for (const std::string_view target : {"a/b", "1http://x/a", "://x", "http://x#/a"}) {
        std::string out;
        EXPECT_EQ(
            canonical_path(split_target("GET", target).path, false, out), PathVerdict::refused
        ) << target;
    }
}

}  // namespace
}  // namespace policy
