#include "proxy/command/redirect.hpp"

#include "proxy/command/redirect_rules.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace proxy::command {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RedirectOptions with_exclusions() {
    RedirectOptions options;
    options.exclude_inbound_ports = {22, 9100};
    options.exclude_outbound_ports = {3306};
    options.exclude_outbound_cidrs = {"10.96.0.0/12", "2001:db8::/32"};
    return options;
}

constexpr const char* k_nft_golden = R"(add table inet smilax
delete table inet smilax
table inet smilax {
    chain inbound {
        tcp dport { 22, 9100, 15001, 15006, 15020 } return
        meta l4proto tcp redirect to :15006
    }
    chain outbound {
        oifname "lo" ip saddr 127.0.0.6 return
        oifname "lo" ip6 saddr ::6 return
        oifname "lo" meta skuid 1337 ip daddr != 127.0.0.0/8 goto inbound
        oifname "lo" meta skuid 1337 ip6 daddr != ::1 goto inbound
        meta skuid 1337 return
        ip daddr 127.0.0.0/8 return
        ip6 daddr ::1 return
        tcp dport { 3306 } return
        ip daddr 10.96.0.0/12 return
        ip6 daddr 2001:db8::/32 return
        meta l4proto tcp redirect to :15001
    }
    chain prerouting {
        type nat hook prerouting priority -100; policy accept;
        iifname != "lo" meta l4proto tcp goto inbound
    }
    chain output {
        type nat hook output priority -100; policy accept;
        meta l4proto tcp goto outbound
    }
}
)";

constexpr const char* k_iptables_golden = R"(*nat
:SMILAX_INBOUND - [0:0]
:SMILAX_OUTBOUND - [0:0]
-A SMILAX_INBOUND -p tcp --dport 22 -j RETURN
-A SMILAX_INBOUND -p tcp --dport 9100 -j RETURN
-A SMILAX_INBOUND -p tcp --dport 15001 -j RETURN
-A SMILAX_INBOUND -p tcp --dport 15006 -j RETURN
-A SMILAX_INBOUND -p tcp --dport 15020 -j RETURN
-A SMILAX_INBOUND -p tcp -j REDIRECT --to-ports 15006
-A SMILAX_OUTBOUND -s 127.0.0.6/32 -o lo -j RETURN
-A SMILAX_OUTBOUND ! -d 127.0.0.0/8 -o lo -m owner --uid-owner 1337 -g SMILAX_INBOUND
-A SMILAX_OUTBOUND -m owner --uid-owner 1337 -j RETURN
-A SMILAX_OUTBOUND -d 127.0.0.0/8 -j RETURN
-A SMILAX_OUTBOUND -p tcp --dport 3306 -j RETURN
-A SMILAX_OUTBOUND -d 10.96.0.0/12 -j RETURN
-A SMILAX_OUTBOUND -p tcp -j REDIRECT --to-ports 15001
-A PREROUTING ! -i lo -p tcp -j SMILAX_INBOUND
-A OUTPUT -p tcp -j SMILAX_OUTBOUND
COMMIT
)";

constexpr const char* k_ip6tables_golden = R"(*nat
:SMILAX_INBOUND - [0:0]
:SMILAX_OUTBOUND - [0:0]
-A SMILAX_INBOUND -p tcp --dport 22 -j RETURN
-A SMILAX_INBOUND -p tcp --dport 9100 -j RETURN
-A SMILAX_INBOUND -p tcp --dport 15001 -j RETURN
-A SMILAX_INBOUND -p tcp --dport 15006 -j RETURN
-A SMILAX_INBOUND -p tcp --dport 15020 -j RETURN
-A SMILAX_INBOUND -p tcp -j REDIRECT --to-ports 15006
-A SMILAX_OUTBOUND -s ::6/128 -o lo -j RETURN
-A SMILAX_OUTBOUND ! -d ::1/128 -o lo -m owner --uid-owner 1337 -g SMILAX_INBOUND
-A SMILAX_OUTBOUND -m owner --uid-owner 1337 -j RETURN
-A SMILAX_OUTBOUND -d ::1/128 -j RETURN
-A SMILAX_OUTBOUND -p tcp --dport 3306 -j RETURN
-A SMILAX_OUTBOUND -d 2001:db8::/32 -j RETURN
-A SMILAX_OUTBOUND -p tcp -j REDIRECT --to-ports 15001
-A PREROUTING ! -i lo -p tcp -j SMILAX_INBOUND
-A OUTPUT -p tcp -j SMILAX_OUTBOUND
COMMIT
)";

// What `iptables -t nat -S` prints after an install, with others' rules around.
constexpr const char* k_present = R"(-P PREROUTING ACCEPT
-P OUTPUT ACCEPT
-N OTHERS
-N SMILAX_INBOUND
-N SMILAX_OUTBOUND
-A PREROUTING -p tcp -j OTHERS
-A PREROUTING ! -i lo -p tcp -j SMILAX_INBOUND
-A OUTPUT -p tcp -j SMILAX_OUTBOUND
-A SMILAX_INBOUND -p tcp -j REDIRECT --to-ports 15006
-A SMILAX_OUTBOUND -o lo ! -d 127.0.0.0/8 -m owner --uid-owner 1337 -g SMILAX_INBOUND
)";

TEST(RedirectRules, OfNftAreOneTransactionForBothFamilies) {
    EXPECT_EQ(nft_rules(with_exclusions()), k_nft_golden);
}

TEST(RedirectRules, OfNftLeaveOutEmptyExclusions) {
    const std::string rules = nft_rules({});
    EXPECT_THAT(rules, HasSubstr("tcp dport { 15001, 15006, 15020 } return"));
    EXPECT_THAT(rules, Not(HasSubstr("{  }")));
}

TEST(RedirectRules, OfIptablesHaveTheSameOrder) {
    EXPECT_EQ(iptables_rules(with_exclusions(), AddressFamily::ipv4, {}), k_iptables_golden);
}

TEST(RedirectRules, OfIp6tablesHaveTheirOwnAddresses) {
    EXPECT_EQ(iptables_rules(with_exclusions(), AddressFamily::ipv6, {}), k_ip6tables_golden);
}

TEST(RedirectRules, FollowTheOptions) {
    RedirectOptions options;
    options.inbound_port = 1;
    options.outbound_port = 2;
    options.admin_port = 3;
    options.user = 4;
    const std::string nft = nft_rules(options);
    EXPECT_THAT(nft, HasSubstr("tcp dport { 1, 2, 3 } return"));
    EXPECT_THAT(nft, HasSubstr("redirect to :1\n"));
    EXPECT_THAT(nft, HasSubstr("redirect to :2\n"));
    EXPECT_THAT(nft, HasSubstr("meta skuid 4 return"));
    const std::string iptables = iptables_rules(options, AddressFamily::ipv4, {});
    EXPECT_THAT(iptables, HasSubstr("SMILAX_INBOUND -p tcp -j REDIRECT --to-ports 1\n"));
    EXPECT_THAT(iptables, HasSubstr("--uid-owner 4 -j RETURN"));
}

TEST(RedirectRules, OfIptablesReplaceTheJumpsThatAreThere) {
    const std::string rules = iptables_rules({}, AddressFamily::ipv4, k_present);
    EXPECT_THAT(rules, HasSubstr("-D PREROUTING ! -i lo -p tcp -j SMILAX_INBOUND\n"));
    EXPECT_THAT(rules, HasSubstr("-D OUTPUT -p tcp -j SMILAX_OUTBOUND\n"));
    EXPECT_LT(rules.find("-D OUTPUT"), rules.find("-A OUTPUT"));
    EXPECT_THAT(rules, Not(HasSubstr("OTHERS")));
}

TEST(RedirectRemoval, OfIptablesTakesOnlyWhatIsOurs) {
    EXPECT_EQ(
        iptables_removal(k_present),
        "*nat\n"
        "-D PREROUTING ! -i lo -p tcp -j SMILAX_INBOUND\n"
        "-D OUTPUT -p tcp -j SMILAX_OUTBOUND\n"
        "-F SMILAX_INBOUND\n"
        "-F SMILAX_OUTBOUND\n"
        "-X SMILAX_INBOUND\n"
        "-X SMILAX_OUTBOUND\n"
        "COMMIT\n"
    );
}

TEST(RedirectRemoval, OfIptablesIsNothingWhereNothingIs) {
    EXPECT_EQ(iptables_removal("-P PREROUTING ACCEPT\n-A PREROUTING -j OTHERS\n"), "");
    EXPECT_EQ(iptables_removal(""), "");
}

TEST(RedirectRemoval, OfNftWorksWithoutATable) {
    EXPECT_EQ(nft_removal(), "add table inet smilax\ndelete table inet smilax\n");
}

TEST(ParseCidr, GivesOneTextPerBlock) {
    EXPECT_EQ(*parse_cidr("10.1.2.3/8"), "10.0.0.0/8");
    EXPECT_EQ(*parse_cidr("10.1.2.3"), "10.1.2.3/32");
    EXPECT_EQ(*parse_cidr("10.1.2.255/25"), "10.1.2.128/25");
    EXPECT_EQ(*parse_cidr("0.0.0.0/0"), "0.0.0.0/0");
    EXPECT_EQ(*parse_cidr("2001:DB8:0:1::1/32"), "2001:db8::/32");
    EXPECT_EQ(*parse_cidr("::1"), "::1/128");
}

TEST(ParseCidr, RefusesEverythingElse) {
    for (const char* text :
         {"",
          "/8",
          "10.0.0.0/",
          "10.0.0.0/33",
          "10.0.0.0/-1",
          "10.0.0.0/8x",
          "::/129",
          "[::1]",
          "host",
          "10.0.0/8",
          "10.0.0.0/8; flush ruleset"}) {
        EXPECT_TRUE(parse_cidr(text).has_error()) << text;
    }
}

// --- The command line ---

struct Parsed {
    int exit_code = 0;  // of the parse: 0 when the arguments were right
    std::string output;
};

/// Runs `smilax redirect …` in this process; only `show` and wrong arguments are used here.
Parsed run(const std::vector<std::string>& arguments) {
    CLI::App app;
    CommandResult result;
    add_redirect_command(app, result);
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    reversed.push_back("redirect");
    Parsed parsed;
    ::testing::internal::CaptureStdout();
    try {
        app.parse(reversed);
    } catch (const CLI::ParseError& wrong) {
        parsed.exit_code = wrong.get_exit_code();
        parsed.output = wrong.what();
    }
    parsed.output += ::testing::internal::GetCapturedStdout();
    return parsed;
}

TEST(RedirectCommand, ShowsTheRulesOfNft) {
    const Parsed parsed = run(
        {"show",
         "--backend",
         "nft",
         "--exclude-inbound-ports",
         "22,9100",
         "--exclude-outbound-ports",
         "3306",
         "--exclude-outbound-cidrs",
         "10.96.0.0/12,2001:db8::/32"}
    );
    EXPECT_EQ(parsed.exit_code, 0);
    EXPECT_EQ(
        parsed.output,
        std::string("# ip -6 address add ::6/128 dev lo\n# nft -f -\n") + k_nft_golden
    );
}

TEST(RedirectCommand, ShowsTheRulesOfIptables) {
    const Parsed parsed = run({"show", "--backend", "iptables", "--user", "7"});
    EXPECT_EQ(parsed.exit_code, 0);
    EXPECT_THAT(parsed.output, HasSubstr("# iptables-restore --noflush\n*nat\n"));
    EXPECT_THAT(parsed.output, HasSubstr("--uid-owner 7"));
}

TEST(RedirectCommand, RefusesWrongArguments) {
    EXPECT_NE(run({}).exit_code, 0);
    EXPECT_NE(run({"show", "--backend", "pf"}).exit_code, 0);
    EXPECT_NE(run({"show", "--inbound-port", "0"}).exit_code, 0);
    EXPECT_NE(run({"show", "--inbound-port", "65536"}).exit_code, 0);
    EXPECT_NE(run({"show", "--exclude-inbound-ports", "22,x"}).exit_code, 0);
    EXPECT_NE(run({"show", "--user", "root"}).exit_code, 0);
    const Parsed parsed = run({"show", "--exclude-outbound-cidrs", "10.0.0.0/8,elsewhere"});
    EXPECT_NE(parsed.exit_code, 0);
    EXPECT_THAT(parsed.output, HasSubstr("\"elsewhere\" is not an address block"));
}

}  // namespace
}  // namespace proxy::command
