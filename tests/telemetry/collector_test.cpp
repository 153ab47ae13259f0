#include "telemetry/collector.hpp"

#include "telemetry/catalog.hpp"
#include "telemetry/numbers.hpp"
#include "telemetry/request_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace telemetry {
namespace {

using Numbers = std::shared_ptr<const Sheet::Numbers>;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view k_web = "spiffe://cluster.local/ns/shop/sa/web";
constexpr std::string_view k_books = "spiffe://cluster.local/ns/shop/sa/books";

ProcessFacts facts() {
    ProcessFacts facts;
    facts.name_space = "shop";
    facts.pod = "books-7d9f";
    facts.owner_label = "deployment";
    facts.owner_name = "books";
    facts.version = "0.1.0";
    facts.start_time =
        std::chrono::system_clock::time_point(std::chrono::milliseconds(1'760'000'000'250));
    facts.identity_not_after =
        std::chrono::system_clock::time_point(std::chrono::seconds(1'760'086'400));
    facts.identity_refreshes = 2;
    facts.identity_refresh_errors = 1;
    facts.snapshot_generation = 7;
    facts.resource_problems = 3;
    facts.resource_errors_total = 4;
    return facts;
}

HttpTarget inbound_target() {
    HttpTarget target;
    target.authority = "books.shop.svc.cluster.local:80";
    target.target.port = 8080;
    target.tls = TlsLabel::yes;
    target.client_id = k_web;
    target.route_name = "read-books";
    target.authz_namespace = "shop";
    target.authz_name = "web-reads-books";
    return target;
}

HttpTarget outbound_target() {
    HttpTarget target;
    target.direction = Direction::outbound;
    target.authority = "books.shop.svc.cluster.local:80";
    target.target = *policy::parse_socket_address("10.0.0.7:8080");
    target.tls = TlsLabel::yes;
    target.server_id = k_books;
    target.dst_namespace = "shop";
    target.dst_service = "books-v2";
    target.dst_pod = "books-v2-5c";
    return target;
}

void record(Sheet& sheet, const HttpTarget& target, std::uint16_t status, std::string_view error) {
    // In the future: the latency is exactly 0.
    const auto begin = std::chrono::steady_clock::now() + std::chrono::hours(1);
    RequestRecord request(sheet, sheet.http(target), begin);
    request.on_status(status);
    request.on_error(error);
}

void count_connections(Sheet& sheet) {
    TcpTarget from_web;
    from_web.target.port = 8080;
    from_web.tls = TlsLabel::yes;
    from_web.client_id = k_web;
    TcpTarget to_outside;
    to_outside.direction = Direction::outbound;
    to_outside.peer = PeerLabel::dst;
    to_outside.target = *policy::parse_socket_address("[2001:2::9]:443");
    to_outside.tls = TlsLabel::no_identity;
    TcpTarget passed_through;
    passed_through.target.port = 8443;
    passed_through.tls = TlsLabel::opaque;
    for (const TcpTarget& target : {from_web, to_outside, passed_through}) {
        TcpSeries& series = sheet.tcp(target);
        sheet.on_tcp_open(series);
        sheet.on_tcp_open(series);
        sheet.on_tcp_bytes(series, 1'000, 250);
        sheet.on_tcp_close(series, "client_closed");
    }
    sheet.on_tcp_close(sheet.tcp(from_web), "");
}

void count_verdicts(Sheet& sheet) {
    VerdictLabels verdict;
    verdict.port = 8080;
    verdict.client_id = k_web;
    verdict.authz_namespace = "shop";
    verdict.authz_name = "web-reads-books";
    for (const bool http : {true, false}) {
        verdict.http = http;
        verdict.allowed = true;
        verdict.reason = "allowed";
        sheet.on_verdict(verdict);
        verdict.audited = true;
        verdict.reason = "route_not_allowed";
        sheet.on_verdict(verdict);
        verdict.audited = false;
        verdict.allowed = false;
        sheet.on_verdict(verdict);
    }
    VerdictLabels stranger;
    stranger.port = 8080;
    stranger.reason = "unauthenticated";
    sheet.on_verdict(stranger);
}

/// A worker's sheet with something in every family.
Numbers full_sheet() {
    Sheet sheet(100);
    record(sheet, inbound_target(), 200, "");
    record(sheet, inbound_target(), 503, "upstream_closed");
    record(sheet, outbound_target(), 404, "");
    record(sheet, outbound_target(), 0, "upstream_connect_failed");
    HttpTarget plain;
    plain.authority = "other";
    plain.target.port = 8080;
    plain.tls = TlsLabel::no_identity;
    record(sheet, plain, 403, "");
    count_connections(sheet);
    count_verdicts(sheet);
    for (const Direction direction : {Direction::inbound, Direction::outbound}) {
        sheet.on_error(direction, true, "malformed_request");
        sheet.on_error(direction, false, "loop_refused");
        sheet.on_handshake_failure(direction, "untrusted");
    }
    SplitLabels split;
    split.split_namespace = "shop";
    split.split_name = "books";
    split.root = "books";
    split.backend = "books-v2";
    sheet.on_split(split);
    split.backend = "books-v3";
    sheet.on_empty_split(split);
    auto numbers = std::make_shared<Sheet::Numbers>(*sheet.copy());
    Histogram& histogram = numbers->latencies[0].histogram;
    histogram = {};
    for (const int us : {400, 1'700, 4'000, 99'000, 60'000'000}) {
        histogram.observe(std::chrono::microseconds(us));
    }
    return numbers;
}

std::string render(const std::vector<Numbers>& sheets, const ProcessFacts& of = facts()) {
    return render_metrics(sheets, of);
}

std::string contents(const std::string& path) {
    const std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

/// A file that is gone with the test.
class TemporaryFile {
 public:
    explicit TemporaryFile(const std::string& text) {
        const int file = mkstemp(path_.data());
        EXPECT_GE(file, 0);
        close(file);
        std::ofstream(path_.data()) << text;
    }
    ~TemporaryFile() { std::remove(path_.data()); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    [[nodiscard]] std::string path() const { return path_.data(); }

 private:
    std::array<char, 32> path_{"/tmp/smilax_metrics_XXXXXX"};
};

std::string output_of(const std::string& command) {
    std::string output;
    FILE* const pipe = popen(command.c_str(), "r");
    std::array<char, 512> bytes;
    while (pipe != nullptr && std::fgets(bytes.data(), bytes.size(), pipe) != nullptr) {
        output += bytes.data();
    }
    if (pipe != nullptr) {
        pclose(pipe);
    }
    return output;
}

/// The samples of an exposition: its lines without comments.
std::vector<std::string> samples(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        if (!line.starts_with('#')) {
            lines.push_back(line);
        }
    }
    return lines;
}

std::string family_of(const std::string& sample) {
    std::string name = sample.substr(0, sample.find_first_of("{ "));
    for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
        if (name.starts_with("response_latency_ms") && name.ends_with(suffix)) {
            name.resize(name.size() - suffix.size());
        }
    }
    return name;
}

/// The label names of a sample, in the order in which they stand there.
std::vector<std::string> label_names(const std::string& sample) {
    std::vector<std::string> names;
    for (std::size_t at = sample.find('{'); at != std::string::npos && sample[at] != '}';) {
        const std::size_t end = sample.find("=\"", at);
        names.push_back(sample.substr(at + 1, end - at - 1));
        at = sample.find('"', end + 2) + 1;
    }
    return names;
}

TEST(Collector, RendersEveryFamilyAsTheGoldenSays) {
    const std::string path = environment("SMILAX_TEST_DATA") + "/telemetry/metrics.txt";
    const std::string text = render({full_sheet()});
    if (!environment("SMILAX_UPDATE_GOLDENS").empty()) {
        std::ofstream(path) << text;
    }
    EXPECT_EQ(text, contents(path));
}

TEST(Collector, HasASampleOfEachFamilyOfTheCatalog) {
    std::set<std::string> rendered;
    for (const std::string& sample : samples(render({full_sheet()}))) {
        rendered.insert(family_of(sample));
    }
    std::set<std::string> listed;
    for (const Family* family : catalog::k_families) {
        listed.emplace(family->name);
    }
    EXPECT_EQ(rendered, listed);
}

TEST(Collector, PrintsOnlyLabelsOfTheCatalogInItsOrder) {
    std::map<std::string, std::vector<std::string>> allowed;
    for (const Family* family : catalog::k_families) {
        std::vector<std::string> names = {"namespace", "pod", "deployment"};
        std::istringstream words{std::string(family->labels)};
        for (std::string word; words >> word;) {
            names.push_back(word);
        }
        names.emplace_back("le");
        allowed[std::string(family->name)] = names;
    }
    for (const std::string& sample : samples(render({full_sheet()}))) {
        const std::vector<std::string>& names = allowed[family_of(sample)];
        auto next = names.begin();
        for (const std::string& name : label_names(sample)) {
            next = std::find(next, names.end(), name);
            ASSERT_NE(next, names.end()) << name << " in " << sample;
            ++next;
        }
    }
}

TEST(Collector, NamesEachSeriesOnce) {
    std::set<std::string> series;
    const std::vector<std::string> all = samples(render({full_sheet(), full_sheet()}));
    for (const std::string& sample : all) {
        series.insert(sample.substr(0, sample.rfind(' ')));
    }
    EXPECT_EQ(series.size(), all.size());
}

TEST(Collector, SatisfiesPromtool) {
    if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
        GTEST_SKIP() << "SKIPPED: needs promtool (Debian package prometheus)";
    }
    const TemporaryFile file(render({full_sheet()}));
    std::istringstream complaints(output_of("promtool check metrics <" + file.path() + " 2>&1"));
    for (std::string line; std::getline(complaints, line);) {
        // Linkerd's name has its unit, which is what the readers of the series want.
        EXPECT_THAT(line, testing::StartsWith("response_latency_ms ")) << line;
    }
}

TEST(Collector, AddsUpTheSheetsOfAllWorkers) {
    const std::string one = render({full_sheet()});
    const std::string two = render({full_sheet(), full_sheet()});
    EXPECT_EQ(samples(one).size(), samples(two).size());
    EXPECT_THAT(one, HasSubstr("reason=\"unauthenticated\"} 1\n"));
    EXPECT_THAT(two, HasSubstr("reason=\"unauthenticated\"} 2\n"));
    EXPECT_THAT(
        one,
        HasSubstr("status_code=\"503\",classification=\"failure\",error=\"upstream_"
                  "closed\"} 1\n")
    );
    EXPECT_THAT(
        two,
        HasSubstr("status_code=\"503\",classification=\"failure\",error=\"upstream_"
                  "closed\"} 2\n")
    );
    EXPECT_THAT(one, HasSubstr("status_code=\"200\",le=\"+Inf\"} 5\n"));
    EXPECT_THAT(two, HasSubstr("status_code=\"200\",le=\"+Inf\"} 10\n"));
}

TEST(Collector, KeepsOneOrderWhateverTheOrderOfCounting) {
    Sheet forward(10);
    record(forward, inbound_target(), 200, "");
    record(forward, outbound_target(), 200, "");
    Sheet backward(10);
    record(backward, outbound_target(), 200, "");
    record(backward, inbound_target(), 200, "");
    EXPECT_EQ(render({forward.copy()}), render({backward.copy()}));
}

TEST(Collector, GivesInboundSeriesNoDestination) {
    for (const std::string& sample : samples(render({full_sheet()}))) {
        if (sample.find("direction=\"inbound\"") != std::string::npos) {
            EXPECT_THAT(sample, Not(HasSubstr("dst_")));
        }
    }
    EXPECT_THAT(render({full_sheet()}), HasSubstr("dst_service=\"books-v2\""));
}

TEST(Collector, HasTheSeriesThatFlaggerAsksFor) {
    const std::string text = render({full_sheet()});
    // What the success-rate and duration queries select by (smi.md §3.1).
    for (const std::string name : {"response_total", "response_latency_ms_bucket"}) {
        EXPECT_THAT(
            text,
            HasSubstr(
                "\n" + name +
                "{namespace=\"shop\",pod=\"books-7d9f\",deployment=\"books\","
                "direction=\"inbound\""
            )
        );
    }
    EXPECT_THAT(text, HasSubstr("classification=\"success\""));
    EXPECT_THAT(text, HasSubstr("classification=\"failure\""));
}

TEST(Collector, LeavesOutTheIdentityThatIsNotThere) {
    ProcessFacts without = facts();
    without.identity_not_after.reset();
    EXPECT_THAT(render({}, without), Not(HasSubstr("identity_cert_expiration")));
    EXPECT_THAT(render({}, without), HasSubstr("process_start_time_seconds{"));
}

TEST(Collector, LeavesOutAnOwnerLabelThatWouldBreakTheScrape) {
    for (const std::string label :
         {"", "pod", "namespace", "le", "tls", "9x", "my-kind", "__name__"}) {
        ProcessFacts odd = facts();
        odd.owner_label = label;
        odd.owner_name = "the-owner";
        EXPECT_THAT(render({full_sheet()}, odd), Not(HasSubstr("the-owner"))) << label;
    }
}

TEST(Collector, EscapesBytesThatWouldBreakTheScrape) {
    Sheet sheet(10);
    HttpTarget target = inbound_target();
    target.authority = "a\"b\\c\nd\xff";
    record(sheet, target, 200, "");
    const std::string text = render({sheet.copy()});
    for (const char c : text) {
        EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f)) << static_cast<int>(c);
    }
    EXPECT_EQ(samples(text).size(), samples(render({})).size() + 30);  // 1 + 1 + 28 lines
}

TEST(Collector, ShowsWhatIsBeyondTheBoundAsOther) {
    Sheet sheet(3);
    for (int i = 0; i < 10; ++i) {
        HttpTarget target = inbound_target();
        target.client_id = "client-" + std::to_string(i);
        record(sheet, target, 200, "");
    }
    const std::string text = render({sheet.copy()});
    EXPECT_THAT(text, HasSubstr("direction=\"inbound\",authority=\"other\",tls=\"true\"} 7\n"));
    EXPECT_THAT(text, HasSubstr("status_code=\"other\",classification=\"success\"} 7\n"));
}

TEST(Catalog, IsTheTableOfTheReadme) {
    const std::string readme = contents(environment("SMILAX_TELEMETRY_README"));
    for (const Family* family : catalog::k_families) {
        EXPECT_THAT(readme, HasSubstr("`" + std::string(family->name) + "`"));
    }
}

}  // namespace
}  // namespace telemetry
