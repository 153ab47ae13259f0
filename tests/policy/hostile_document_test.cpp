// Hostile YAML, from the text to the verdict: problems within bounds, never a crash, never a wider
// policy, and nothing changes for the file beside it.
#include "policy/document.hpp"
#include "policy/problem_list.hpp"
#include "policy/text_check.hpp"
#include "tests/policy/decoding.hpp"
#include "tests/policy/world.hpp"

#include <gmock/gmock.h>

#include <string>
#include <string_view>

namespace policy::test {
namespace {

using namespace std::string_view_literals;

std::string repeated(std::string_view part, std::size_t count) {
    std::string text;
    text.reserve(part.size() * count);
    for (std::size_t i = 0; i < count; ++i) {
        text += part;
    }
    return text;
}

// A neighbour that allows web to read /ok on port 8080 of pay, and nothing else.
std::string good_file() {
    return tcp_route("good-ports", "8080") +
           group("good-paths", "[{name: read, pathRegex: /ok$, methods: [GET]}]") +
           target(
               "good",
               "[{kind: TCPRoute, name: good-ports}, {kind: HTTPRouteGroup, name: good-paths}]"
           );
}

/// Everything that the questions below get an answer to: "allowed" only where the neighbour says.
std::vector<std::string> answers(World& world) {
    std::vector<std::string> words;
    for (const auto& peer : {account("web"), account("mallory"), account("web", "bank")}) {
        for (const std::uint16_t port : {std::uint16_t{80}, std::uint16_t{8080}}) {
            for (const char* const path : {"/ok", "/other"}) {
                words.push_back(word(ask_http(world, peer, {.path = path, .port = port})));
            }
            words.push_back(ask_tcp(world, peer, port).allowed ? "allowed" : "denied");
        }
    }
    return words;
}

/// `text` beside the good file; what it allows must be what the good file alone allows.
void expect_denies(const std::string& text, std::string_view what) {
    World alone(good_file());
    const std::vector<std::string> expected = answers(alone);
    ASSERT_EQ(std::count(expected.begin(), expected.end(), "allowed"), 1) << what;

    World world(good_file());
    world.inventory.replace_file("hostile.yaml", text);
    EXPECT_EQ(answers(world), expected) << what;
    EXPECT_EQ(world.inventory.by_file().at("a.yaml").size(), 3U) << what;
    EXPECT_LE(world.inventory.problems().size(), k_problems_per_file_max + 1) << what;
    EXPECT_FALSE(world.inventory.problems().empty() && world.problems.empty()) << what;
    for (const Problem& problem : world.inventory.problems()) {
        EXPECT_EQ(problem.origin.file, "hostile.yaml") << what;
        EXPECT_GE(problem.origin.line, 1) << what;
        EXPECT_LE(problem.message.size(), k_problem_text_bytes_max + 3) << what;
    }
}

/// The code of the one problem of a text that does not parse.
std::string refusal(std::string_view text) {
    const ParsedText parsed = parse_text(text, "f.yaml");
    EXPECT_EQ(parsed.problems.size(), 1U);
    return parsed.problems.empty() ? "" : parsed.problems[0].code;
}

/// A target that would allow web everything, if only it could be read.
constexpr const char* k_wide =
    "---\napiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: wide}\n"
    "spec:\n"
    "  destination: {kind: ServiceAccount, name: pay, namespace: shop}\n"
    "  sources: [{kind: ServiceAccount, name: web, namespace: shop}]\n"
    "  rules: [{kind: TCPRoute, name: wide}]\n";

// --- Texts that are refused as a whole ---

TEST(HostileText, IsRefusedByItsLengthBeforeItIsParsed) {
    const std::size_t bytes_max = DocumentLimits{}.text_bytes_max;
    std::string text = k_wide + tcp_route("wide", "");
    text.resize(bytes_max, '#');
    text[text.find_first_of('#') - 1] = '\n';
    EXPECT_TRUE(parse_text(text, "f.yaml").problems.empty());
    text += '#';
    EXPECT_EQ(refusal(text), "limit_exceeded");
    // Were it looked at, the control character at its end would be the problem.
    text.resize(100 * std::size_t{1024} * 1024, '\0');
    EXPECT_EQ(refusal(text), "limit_exceeded");
    expect_denies(text, "100 MB");
}

TEST(HostileText, IsRefusedWhenItIsBinaryOrOfAnotherEncoding) {
    const std::string wide = k_wide + tcp_route("wide", "");
    std::string utf16_le = "\xff\xfe";
    std::string utf16_be_unmarked;
    for (const char c : wide) {
        utf16_le += c;
        utf16_le += '\0';
        utf16_be_unmarked += '\0';
        utf16_be_unmarked += c;
    }
    std::string all_bytes;
    for (int byte = 0; byte < 256; ++byte) {
        all_bytes += static_cast<char>(byte);
    }
    const std::string after = "\n# " + std::string(1, '\0');
    for (const std::string& text :
         {utf16_le,
          utf16_be_unmarked,
          all_bytes,
          wide + after,
          wide + "\x7f"
                 "ELF",
          "\xef\xbb" + wide,
          wide + "\xf4\x90\x80\x80",
          wide + "# \x1b[2J"}) {
        EXPECT_EQ(refusal(text), "invalid_text");
        expect_denies(text, "binary");
    }
}

/// Readers of YAML 1.1 see a new line there, and the constraint in it; in YAML 1.2 a comment
/// swallows it.
TEST(HostileText, IsRefusedWhereReadersSeeDifferentLines) {
    const std::string before = "apiVersion: v1\nkind: Pod # of x";
    for (const std::string_view line_end :
         {"\r"sv, "\xc2\x85"sv, "\xe2\x80\xa8"sv, "\xe2\x80\xa9"sv}) {
        const std::string text = before + std::string(line_end) + "metadata: {name: x}\n";
        const ParsedText parsed = parse_text(text, "f.yaml");
        ASSERT_EQ(parsed.problems.size(), 1U);
        EXPECT_EQ(parsed.problems[0].code, "invalid_text");
        EXPECT_EQ(parsed.problems[0].origin.line, 2);
        EXPECT_EQ(parsed.problems[0].origin.column, 17);
        expect_denies(text, "line ends");
    }
    EXPECT_TRUE(parse_text(before + "\r\nmetadata: {name: x}\r\n", "f.yaml").problems.empty());
    EXPECT_TRUE(parse_text("a: \"\\r\\N\\L\\P\"\n", "f.yaml").problems.empty());
}

TEST(HostileText, IsRefusedWhenItIsNestedTooDeep) {
    std::string steps;
    for (std::size_t i = 0; i < 2000; ++i) {
        steps += std::string(i, ' ') + "a:\n";
    }
    const std::string lists = repeated("[", 10'000) + repeated("]", 10'000);
    const std::string maps = repeated("{a: ", 10'000) + '1' + repeated("}", 10'000);
    for (const std::string& text :
         {lists,
          maps,
          repeated("- ", 10'000) + 'x',
          repeated("? ", 10'000) + 'x',
          steps,
          repeated("[a: ", 10'000),
          repeated("[{", 10'000)}) {
        EXPECT_EQ(parse_text(text, "f.yaml").problems.size(), 1U);
        expect_denies(text, "nesting");
    }
    EXPECT_EQ(refusal(lists), "limit_exceeded");
    EXPECT_EQ(refusal(maps), "limit_exceeded");
    EXPECT_EQ(refusal(steps), "limit_exceeded");
    EXPECT_TRUE(parse_text(repeated("[", 64) + repeated("]", 64), "f.yaml").problems.empty());
}

/// yaml-cpp reads a list or mapping in brackets ahead to its end before it tells of its first node:
/// 16 MiB of "{" took 3.8 GB while no limit of nodes or depth could see it.
TEST(HostileText, IsRefusedWhenItWouldBeManyTokensAhead) {
    const DocumentLimits limits{.nodes_max = 10'000};
    for (const std::string_view part : {"{", "[],", "\"\",", "? ", "*a ", "&a ", "!t ", "a:"}) {
        const std::string text = '[' + repeated(part, 100'000);
        const ParsedText parsed = parse_text(text, "f.yaml", limits);
        ASSERT_EQ(parsed.problems.size(), 1U) << part;
        EXPECT_EQ(parsed.problems[0].code, "limit_exceeded") << part;
        EXPECT_EQ(parsed.problems[0].origin.line, 1) << part;
        EXPECT_EQ(parsed.problems[0].origin.column, 1) << part;  // of the text, not of a node
    }
}

TEST(HostileText, CountsNoFewerTokensThanThereAre) {
    // '[' and ']', scalars and commas; a key, its colon twice (yaml-cpp marks the key too).
    EXPECT_EQ(count_tokens("[]"), 2U);
    EXPECT_EQ(count_tokens("[a, \"b\", 'c']"), 6U);
    EXPECT_EQ(count_tokens("{\"k\": 1}"), 4U);
    EXPECT_EQ(count_tokens("plain words"), 0U);
}

TEST(HostileText, HoldsAsManyNodesAsTheLimitSaysInAnyStyle) {
    const DocumentLimits limits{.nodes_max = 10'000};
    const auto is_read = [&](const std::string& text) {
        return parse_text(text, "f.yaml", limits).problems.empty();
    };
    const std::string json = '[' + repeated("{\"k\":\"v\"},", 3333);  // three nodes each, and one
    EXPECT_TRUE(is_read(json + ']'));
    EXPECT_FALSE(is_read(json + "0]"));
    EXPECT_TRUE(is_read(repeated("- x\n", 9'999)));
    EXPECT_FALSE(is_read(repeated("- x\n", 10'000)));
    expect_denies(repeated("- x\n", 1'000'000), "a million nodes");
}

// --- Aliases, tags, keys ---

TEST(HostileText, IsRefusedWhenAliasesExplode) {
    std::string laughs = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
    for (char c = 'b'; c <= 'i'; ++c) {
        const std::string alias = ", *" + std::string(1, static_cast<char>(c - 1));
        laughs += std::string(1, c) + ": &" + c + " [" + repeated(alias, 9).substr(2) + "]\n";
    }
    std::string mappings = "a: &a {k: v}\n";
    for (char c = 'b'; c <= 'z'; ++c) {
        const std::string alias(1, static_cast<char>(c - 1));
        mappings += std::string(1, c) + ": &" + c + " {x: *" + alias + ", y: *" + alias + "}\n";
    }
    const std::string long_name = "a: &a \"" + std::string(1'000'000, 'x') + "\"\nb:\n";
    for (const std::string& text :
         {laughs,
          mappings,
          long_name + repeated("- *a\n", 17),
          "- &a {x: &b [" + repeated("y,", 1000) + "]}\n" + repeated("- *a\n- *b\n", 1000)}) {
        EXPECT_EQ(refusal(text), "limit_exceeded");
        expect_denies(text, "aliases");
    }
    EXPECT_EQ(refusal("&a [*a]"), "yaml_syntax");
    EXPECT_EQ(refusal("&a {x: &b [*a]}"), "yaml_syntax");
    EXPECT_EQ(refusal("a: &x 1\n---\nb: *x\n"), "yaml_syntax");  // anchors end with their document
}

TEST(HostileText, IsRefusedForTagsMergesAndKeysThatAreNoWords) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"a: !!binary R0lGODlhDAAMAIQAAP", "yaml_tag"},
        {"a: !!python/object:os.system [ls]", "yaml_tag"},
        {"a: !!python/object/apply:os.system {x: y}", "yaml_tag"},
        {"a: !!set {x, y}", "yaml_tag"},
        {"a: !!omap [x: 1]", "yaml_tag"},
        {"a: !!float 80", "yaml_tag"},
        {"a: !<tag:example.com,2000:x> y", "yaml_tag"},
        {"%TAG !e! tag:e.com,2000:\n---\na: !e!x y", "yaml_tag"},
        {"base: &b {x: 1}\na: {<<: *b}", "yaml_merge_key"},
        {"base: &b {x: 1}\na: {<<: [*b, *b]}", "yaml_merge_key"},
        {"{a: b}: c", "yaml_syntax"},
        {"? {a: b}\n: c", "yaml_syntax"},
        {"[a]: c", "yaml_syntax"},
        {"~: c", "yaml_syntax"},
        {"&k [x]: y", "yaml_syntax"},
        {"a: 1\n\"a\": 2", "duplicate_key"},
        {"&x a: 1\n*x : 2", "duplicate_key"},
        {"a: 1\n? a\n: 2", "duplicate_key"},
        {"a: 1\n\"\\u0061\": 2", "duplicate_key"},
    };
    for (const auto& [text, code] : cases) {
        EXPECT_EQ(refusal(text), code) << text;
    }
}

// --- Objects ---

/// A route whose ports are `ports`, with the target that would open them.
std::string with_ports(const std::string& ports) {
    return k_wide + ("---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: TCPRoute\n"
                     "metadata: {name: wide}\nspec: {matches: {ports: " +
                     ports + "}}\n");
}

TEST(HostilePorts, OpenNothing) {
    for (const std::string port : {
             ".nan", ".inf",   "-.inf",   "-1",   "0",       "65536",    "1e3",
             "80.0", "\"80\"", "\"80 \"", "080",  "0o120x",  "8_0",      "99999999999999999999",
             "+",    "true",   "~",       "[80]", "{p: 80}", "!!str 80", "80 90",
             "0x",   "-0x50",  "0x10000", "''",
         }) {
        expect_denies(with_ports("[" + port + "]"), port);
        expect_denies(with_ports("[80, " + port + "]"), port);
    }
    for (const std::string ports : {"", "null", "all", "80", "{80: tcp}", "{}", "''"}) {
        expect_denies(with_ports(ports), ports);
    }
    World world(good_file());
    world.add("hex.yaml", with_ports("[0x50]"));  // of the YAML 1.2 core schema, and 1.1's too
    EXPECT_TRUE(ask_tcp(world, account("web"), 80).allowed);
    EXPECT_FALSE(ask_tcp(world, account("web"), 8080).allowed);
}

TEST(HostilePorts, OpenNothingWhereTheTargetHasOne) {
    for (const std::string port : {
             ".nan",
             "-1",
             "65536",
             "1e3",
             "080",
             "\"080x\"",
             "\"80 \"",
             "\" 80\"",
             "\"0x50\"",
             "\"-1\"",
             "\"\"",
             "~",
             "[80]",
             "\"65616\"",
             "\"+80\"",
             "http",
         }) {
        std::string text = k_wide;
        text.replace(text.find("v1alpha3"), 8, "v1alpha2");
        text.replace(text.find("namespace: shop}"), 16, "namespace: shop, port: " + port + "}");
        expect_denies(text + tcp_route("wide", ""), port);
    }
}

TEST(HostileWeights, LeaveTheirBackendOut) {
    for (const std::string weight : {
             ".nan",
             "-1",
             "\"-1\"",
             "1e400",
             "\"1e400\"",
             "1e-400x",
             "\"1e999999999999999999999\"",
             ".inf",
             "0x10",
             "1_000",
             "\"NaN\"",
             "1000000000000001",
             "~",
             "[1]",
             "{a: 1}",
             "true",
             "'5 '",
             "\"1Ei\"",
             "\"1mm\"",
             "1.5",
             "--1",
             "99999999999999999999999999",
             "''",
         }) {
        const std::string text =
            "apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\n"
            "metadata: {name: s}\nspec: {service: web, backends: "
            "[{service: a, weight: 1}, {service: b, weight: " +
            weight + "}]}\n";
        const auto read = decode_one<TrafficSplit>(text);
        ASSERT_EQ(read.backends.size(), 2U) << weight;
        EXPECT_EQ(read.backends[0].weight_milli, 1000U) << weight;
        EXPECT_EQ(read.backends[1].weight_milli, std::nullopt) << weight;
        EXPECT_FALSE(read.is_spoiled) << weight;
        EXPECT_EQ(codes(decode(text)), std::vector<std::string>{"error invalid_weight"}) << weight;
    }
}

TEST(HostileObjects, DenyWhateverFieldIsOfTheWrongType) {
    const std::pair<const char*, const char*> cases[] = {
        {"{name: wide}", "{name: [wide]}"},
        {"{name: wide}", "wide"},
        {"{name: wide}", "{name: wide, namespace: {a: b}}"},
        {"{name: wide}", "{name: wide, creationTimestamp: [now]}"},
        {"{name: wide}", "{name: 1}"},
        {"spec:", "spec: x\nspecs:"},
        {"kind: TrafficTarget", "kind: [TrafficTarget]"},
        {"kind: TrafficTarget", "kind: traffictarget"},
        {"apiVersion: access.smi-spec.io/v1alpha3", "apiVersion: access.smi-spec.io/v1alpha9"},
        {"apiVersion: access.smi-spec.io/v1alpha3", "apiVersion: {a: b}"},
        {"name: pay", "name: [pay]"},
        {"name: pay", "name: 5"},
        {"name: web", "name: ~"},
        {"name: web", "name: \"\""},
        {"namespace: shop}]", "namespace: [shop]}]"},
        {"sources: [{", "sources: [x, {"},
        {"[{kind: TCPRoute, name: wide}]", "{kind: TCPRoute, name: wide}"},
        {"[{kind: TCPRoute, name: wide}]", "[{kind: TCPRoute, name: wide}, {kind: Any, name: x}]"},
        {"[{kind: TCPRoute, name: wide}]", "[{kind: TCPRoute, name: wide, matches: all}]"},
        {"[{kind: TCPRoute, name: wide}]", "[{kind: TCPRoute, name: wide, matches: [1]}]"},
        {"[{kind: TCPRoute, name: wide}]", "[{kind: TCPRoute, name: wide, matches: }]"},
        {"[{kind: TCPRoute, name: wide}]", "[[{kind: TCPRoute, name: wide}]]"},
    };
    World wide(good_file());
    wide.add("wide.yaml", k_wide + tcp_route("wide", ""));
    ASSERT_TRUE(ask_tcp(wide, account("web"), 80).allowed);  // so that each change is what denies
    for (const auto& [from, to] : cases) {
        std::string text = k_wide;
        ASSERT_NE(text.find(from), std::string::npos) << from;
        text.replace(text.find(from), std::string_view(from).size(), to);
        expect_denies(text + tcp_route("wide", ""), to);
    }
}

/// The second of two keys may be the constraint, and the first one the author's only attention.
TEST(HostileObjects, DenyWhereAKeyStandsTwice) {
    expect_denies(
        std::string(k_wide) + tcp_route("wide", "") + "---\na: 1\na: 2\n", "duplicate key"
    );
    std::string text = with_ports("[]");
    expect_denies(text.insert(text.find("ports:"), "ports: [9090], "), "ports twice");
}

TEST(HostileObjects, LeaveTheObjectsBesideThemInTheSameFileAsTheyAre) {
    const std::string bad = "---\n[not, an, object]\n---\nkind: 5\n---\n" + with_ports("[.nan]");
    World world(bad + good_file());
    World alone(good_file());
    EXPECT_EQ(answers(world), answers(alone));
}

TEST(HostileObjects, HaveNamesOfABoundedLength) {
    const std::string name(254, 'n');
    for (const std::string& metadata :
         {"{name: " + name + "}", "{name: wide, namespace: " + name + "}"}) {
        std::string text = k_wide;
        text.replace(text.find("{name: wide}"), 12, metadata);
        const Decoded decoded = decode(text);
        EXPECT_TRUE(decoded.resources.empty());
        EXPECT_EQ(codes(decoded), std::vector<std::string>{"error invalid_value"});
    }
    EXPECT_EQ(decode(tcp_route(name.substr(1), "")).resources.size(), 1U);
    const Decoded list = decode(
        "apiVersion: " + std::string(1'000'000, 'v') + "/v1\nkind: XList\nitems: [" +
        repeated("{a: b},", 5000) + "]\n"
    );
    EXPECT_EQ(codes(list), std::vector<std::string>{"error not_an_object"});
}

// --- Problems within bounds ---

TEST(HostileProblems, AreCountedBeyondTheLimit) {
    const std::string text = with_ports("[" + repeated(".nan,", 50'000) + "80]");
    const Decoded decoded = decode(text);
    ASSERT_EQ(decoded.problems.size(), k_problems_per_file_max + 1);
    const Problem& last = decoded.problems.back();
    EXPECT_EQ(last.code, "problems_left_out");
    EXPECT_EQ(last.severity, Severity::error);
    EXPECT_THAT(last.message, testing::HasSubstr("49000 more problems"));
    EXPECT_EQ(last.origin.file, "f.yaml");
    EXPECT_GT(last.origin.column, decoded.problems[k_problems_per_file_max - 1].origin.column);
    EXPECT_TRUE(std::get<TcpRoute>(decoded.resources.at(1)).is_spoiled);
    expect_denies(text, "50'000 bad ports");
}

TEST(HostileProblems, KeepTheSeverityOfWhatIsLeftOut) {
    std::string unknown;
    for (int i = 0; i < 1500; ++i) {
        unknown += "x" + std::to_string(i) + ": 1\n";
    }
    const std::string warnings = split("s", "web", "[{service: web, weight: 1}]") + unknown;
    const Decoded warned = decode(warnings);
    ASSERT_EQ(warned.problems.size(), k_problems_per_file_max + 1);
    EXPECT_EQ(warned.problems.back().severity, Severity::warning);
    // An error behind a thousand warnings must not make `check` exit with 0.
    const Decoded failed = decode(warnings + tcp_route("s", ".nan"));
    ASSERT_EQ(failed.problems.size(), k_problems_per_file_max + 1);
    EXPECT_EQ(failed.problems.back().severity, Severity::error);
}

TEST(HostileProblems, AreBoundedWhenReferencesDoNotResolve) {
    std::string text = k_wide;
    text.replace(text.find("sources: [") + 10, 0, repeated("{kind: X, name: x}, ", 3000));
    World world(good_file());
    world.add("hostile.yaml", text + tcp_route("wide", "9090"));
    ASSERT_EQ(world.compile().problems.size(), k_problems_per_file_max + 1);
    EXPECT_EQ(world.problems.back().code, "problems_left_out");
    EXPECT_EQ(world.problems.back().origin.file, "hostile.yaml");
}

TEST(HostileProblems, HaveTheirOwnBoundInEachFile) {
    ProblemList list;
    for (std::size_t i = 0; i < k_problems_per_file_max + 7; ++i) {
        list.add({Severity::warning, {"bad.yaml", 1, 1}, {}, "x", "a b"});
    }
    list.add({Severity::error, {"good.yaml", 3, 1}, {}, "y", "a b"});
    const std::vector<Problem> problems = list.take();
    ASSERT_EQ(problems.size(), k_problems_per_file_max + 2);
    EXPECT_EQ(problems[k_problems_per_file_max].origin.file, "good.yaml");
    EXPECT_EQ(problems.back().origin.file, "bad.yaml");
    EXPECT_EQ(problems.back().severity, Severity::warning);
    EXPECT_TRUE(list.take().empty());
}

TEST(HostileProblems, AreOfBoundedLengthAndStayUtf8) {
    ProblemList list;
    std::string message(k_problem_text_bytes_max - 1, 'x');
    list.add({Severity::error, {"f.yaml", 1, 1}, message + "\xc3\xa9\xc3\xa9", "x", message + "y"});
    const Problem problem = list.take().at(0);
    EXPECT_EQ(problem.message, message + "y");
    EXPECT_EQ(problem.object, message + "...");
}

}  // namespace
}  // namespace policy::test
