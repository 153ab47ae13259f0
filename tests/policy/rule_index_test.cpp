// The index finds a rule exactly when going through all of them would.
#include "policy/rule_index.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace policy {
namespace {

class Rules {
 public:
    HttpRule& add(const std::string& path, const std::string& method = "*") {
        HttpRule& rule = rules_.emplace_back();
        rule.name = "m" + std::to_string(rules_.size());
        if (path != "-") {
            auto matcher = Matcher::make(path, RegexMode::start);
            EXPECT_TRUE(matcher.has_value()) << path;
            rule.path = std::move(*matcher);
        }
        if (method == "*") {
            rule.methods.allow_any();
        } else {
            rule.methods.add(method);
        }
        return rule;
    }

    [[nodiscard]] RuleIndex index() const {
        std::vector<RuleIndex::Entry> entries;
        for (const HttpRule& rule : rules_) {
            entries.push_back({&rule, static_cast<std::uint32_t>(entries.size())});
        }
        return RuleIndex(std::move(entries));
    }

    [[nodiscard]] const std::deque<HttpRule>& all() const { return rules_; }

 private:
    std::deque<HttpRule> rules_;
};

HttpView view(std::string_view path, std::string_view method = "GET") {
    return {method_key(method), path, "pay", {}};
}

bool take_all(std::uint32_t /*tag*/) {
    return true;
}

std::string found(const RuleIndex& index, const HttpView& request) {
    const RuleIndex::Entry* entry = index.find(request, take_all);
    return entry == nullptr ? "none" : entry->rule->name;
}

TEST(RuleIndex, PrefersTheLongestStart) {
    Rules rules;
    rules.add("-");          // m1
    rules.add("/a");         // m2
    rules.add("/a/b$");      // m3
    rules.add("/a/[0-9]+");  // m4
    rules.add("/a/b/.*");    // m5
    const RuleIndex index = rules.index();
    EXPECT_EQ(found(index, view("/a/b")), "m3");
    EXPECT_EQ(found(index, view("/a/b/c")), "m5");
    EXPECT_EQ(found(index, view("/a/7")), "m4");
    EXPECT_EQ(found(index, view("/a/x")), "m2");
    EXPECT_EQ(found(index, view("/a/bc")), "m2");
    EXPECT_EQ(found(index, view("/x")), "m1");
}

TEST(RuleIndex, GoesOnWhereTagOrMethodDoNotFit) {
    Rules rules;
    rules.add("/a/b", "POST");  // tag 0
    rules.add("/a/b", "GET");   // tag 1
    rules.add("/a", "GET");     // tag 2
    const RuleIndex index = rules.index();
    EXPECT_EQ(found(index, view("/a/b")), "m2");
    const auto* entry = index.find(view("/a/b"), [](std::uint32_t tag) { return tag == 2; });
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->rule->name, "m3");
    EXPECT_EQ(index.find(view("/a/b"), [](std::uint32_t) { return false; }), nullptr);
}

TEST(RuleIndex, LeavesOutWhatNeverMatches) {
    Rules rules;
    rules.add("/a").is_never = true;
    EXPECT_EQ(found(rules.index(), view("/a")), "none");
    EXPECT_EQ(found(RuleIndex(), view("/a")), "none");
}

TEST(RuleIndex, GivesARequestWithoutAPathNothingButAnyPath) {
    Rules rules;
    rules.add("(/a)?");
    rules.add(".*x?");
    EXPECT_EQ(found(rules.index(), view("", "OPTIONS")), "none");
    rules.add(".*");
    EXPECT_EQ(found(rules.index(), view("", "OPTIONS")), "m3");
}

TEST(RuleIndex, AgreesWithGoingThroughAllRules) {
    const std::vector<std::string> parts{"/", "a", "b", "/a", "/b", "ab", "/a/b"};
    const std::vector<std::string> ends{"", "$", ".*", "/.*", "[ab]+", "(/b|a)$", ".*b$"};
    std::mt19937 dice(11);
    const auto pick = [&](const auto& from) -> const std::string& {
        return from[dice() % from.size()];
    };
    int hits = 0;
    for (int world = 0; world < 200; ++world) {
        Rules rules;
        for (auto count = dice() % 60; count > 0; --count) {
            std::string path = (dice() % 5 == 0 ? ".*" : "") + pick(parts) + pick(parts);
            path += pick(ends);
            rules.add(dice() % 20 == 0 ? "-" : path, dice() % 2 == 0 ? "GET" : "POST");
        }
        const RuleIndex index = rules.index();
        for (int question = 0; question < 60; ++question) {
            const std::string path = "/" + pick(parts) + pick(parts) + pick(parts);
            const HttpView request = view(path);
            bool is_expected = false;
            for (const HttpRule& rule : rules.all()) {
                is_expected |= matches(rule, request);
            }
            const RuleIndex::Entry* entry = index.find(request, take_all);
            ASSERT_EQ(entry != nullptr, is_expected) << path;
            ASSERT_TRUE(entry == nullptr || matches(*entry->rule, request)) << path;
            hits += is_expected ? 1 : 0;
        }
    }
    EXPECT_GT(hits, 1000);
}

}  // namespace
}  // namespace policy
