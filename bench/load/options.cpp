#include "bench/load/options.hpp"

#include <CLI/CLI.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>
#include <iostream>

namespace bench::load {

namespace {

constexpr int k_usage_error = 2;
constexpr std::size_t k_body_bytes_max = std::size_t{64} * 1024 * 1024;
constexpr std::size_t k_connections_max = 100'000;
constexpr double k_seconds_max = 3600;
constexpr double k_rate_max = 10'000'000;

constexpr const char* k_footer =
    "One thread; the result is one line of JSON on standard output. Errors of the traffic stand in "
    "it: the exit code is 0 when the load ran, 2 on wrong usage.\n\n"
    "Without --rate each connection sends its next request when the answer is complete. With it, "
    "requests have intended starts fixed beforehand, and latency counts from those.\n\n"
    "Examples:\n"
    "  smilax_load --to 127.0.0.1:8080 --host api --path / --connections 50 --seconds 10\n"
    "  smilax_load --to 127.0.0.1:8080 --host api --path / --connections 50 --seconds 10 --rate "
    "5000\n"
    "  smilax_load --to 127.0.0.1:8080 --host api --path / --connections 20 --seconds 10 --close "
    "--tls-certificate web/tls.crt --tls-key web/tls.key --tls-trust web/ca.crt --alpn "
    "smilax/http1.1\n"
    "  smilax_load --to 127.0.0.1:8080 --host api --path / --connections 5000 --seconds 60 --idle";

/// What CLI11 fills in: words, before they are one Mode.
struct Words {
    std::string to;
    TlsOptions tls;
    double rate = 0;
    std::size_t read_bytes_per_second = 0;
    bool closes = false;
    bool is_idle = false;
    bool only_handshakes = false;
    bool must_not_resume = false;
};

void add_request(CLI::App& app, RequestOptions& request) {
    app.add_option("--host", request.host, "the Host of every request")->required();
    app.add_option("--path", request.path, "the target of every request")->required();
    app.add_option("--method", request.method, "its method")->capture_default_str();
    auto* body = app.add_option("--body", request.body_bytes, "bytes of body of every request");
    body->check(CLI::Range(std::size_t{0}, k_body_bytes_max));
    app.add_flag("--chunked", request.is_chunked, "the body in chunks of 16 KiB")->needs(body);
}

void add_tls(CLI::App& app, Words& words) {
    TlsOptions& tls = words.tls;
    auto* certificate = app.add_option(
        "--tls-certificate", tls.certificate, "TLS 1.3, with this chain (PEM, leaf first)"
    );
    auto* key = app.add_option("--tls-key", tls.key, "its private key (PEM)");
    auto* trust = app.add_option("--tls-trust", tls.trust, "whom to trust (PEM); no name is asked");
    certificate->needs(key)->needs(trust);
    key->needs(certificate);
    trust->needs(certificate);
    app.add_option("--alpn", tls.alpn, "the one protocol to offer; the server must choose it")
        ->needs(certificate)
        ->check([](const std::string& name) {
            return name.empty() || name.size() > 255 ? std::string("1 to 255 bytes") : "";
        });
    auto* resume = app.add_flag(
        "--resume", tls.may_resume, "resume the session that the connection before it got"
    );
    auto* no_resumption = app.add_flag(
        "--no-resumption", words.must_not_resume, "a full handshake each time (the default)"
    );
    resume->needs(certificate)->excludes(no_resumption);
    auto* only = app.add_flag(
        "--handshakes-only",
        words.only_handshakes,
        "connect, handshake, close, again; latency is that of all three"
    );
    only->needs(certificate);
}

void add_pace(CLI::App& app, Options& options, Words& words) {
    app.add_option("--to", words.to, "address and port: 127.0.0.1:80, [::1]:80")->required();
    app.add_option("--connections", options.connections, "how many at a time")
        ->required()
        ->check(CLI::Range(std::size_t{1}, k_connections_max));
    app.add_option("--seconds", options.seconds, "for how long")
        ->required()
        ->check(CLI::Range(0.01, k_seconds_max));
    auto* warm_up = app.add_option(
        "--warm-up",
        options.warm_up_seconds,
        "the same load before that for so long; then {\"begun\":true}, and only errors are kept of "
        "it"
    );
    warm_up->check(CLI::Range(0.0, k_seconds_max));
    auto* rate = app.add_option("--rate", words.rate, "open loop: requests per second in all");
    rate->check(CLI::Range(0.1, k_rate_max));
    auto* closes = app.add_flag("--close", words.closes, "a new connection for every request");
    auto* only = app.get_option("--handshakes-only");
    closes->excludes(only);
    auto* slow = app.add_option(
        "--read-bytes-per-second",
        words.read_bytes_per_second,
        "each connection reads its answers no faster"
    );
    slow->check(CLI::Range(std::size_t{1}, std::size_t{1} << 40))->excludes(only);
    app.add_flag(
           "--idle",
           words.is_idle,
           "one request on each connection, then {\"ready\":N}, then nothing until standard input "
           "closes"
    )
        ->excludes(rate)
        ->excludes(closes)
        ->excludes(warm_up)
        ->excludes(only);
}

Mode mode_of(const Words& words) {
    if (words.only_handshakes) {
        return Mode::handshakes_only;
    }
    if (words.is_idle) {
        return Mode::idle;
    }
    return words.closes ? Mode::close : Mode::keep_alive;
}

/// A word of a request line or a field, as it would go onto the wire.
bool is_printable(const std::string& text) {
    return !text.empty() &&
           text.find_first_of(std::string_view(" \t\r\n\0", 5)) == std::string::npos;
}

std::string objection(const Options& options) {
    if (options.to.length == 0) {
        return "--to: an address and a port, as 127.0.0.1:80 or [::1]:80";
    }
    const RequestOptions& request = options.request;
    if (!is_printable(request.path) || !is_printable(request.host) ||
        !is_printable(request.method)) {
        return "--path, --host and --method: words without spaces";
    }
    return "";
}

}  // namespace

std::optional<Address> parse_address(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) {
        return std::nullopt;
    }
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, port);
    if (read.ec != std::errc() || read.ptr != end || port == 0) {
        return std::nullopt;
    }
    std::string host = text.substr(0, colon);
    Address address;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        sockaddr_in6 made{};
        made.sin6_family = AF_INET6;
        made.sin6_port = htons(port);
        if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &made.sin6_addr) != 1) {
            return std::nullopt;
        }
        std::memcpy(&address.storage, &made, sizeof made);
        address.length = sizeof made;
        return address;
    }
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_port = htons(port);
    if (inet_pton(AF_INET, host.c_str(), &made.sin_addr) != 1) {
        return std::nullopt;
    }
    std::memcpy(&address.storage, &made, sizeof made);
    address.length = sizeof made;
    return address;
}

std::variant<Options, int> parse_options(int argc, const char* const* argv) {
    CLI::App app("Loads an HTTP/1 server and says what came back", "smilax_load");
    app.footer(k_footer);
    Options options;
    Words words;
    add_request(app, options.request);
    add_tls(app, words);
    add_pace(app, options, words);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& wrong) {
        return app.exit(wrong) == 0 ? 0 : k_usage_error;
    }
    options.to = parse_address(words.to).value_or(Address{});
    options.mode = mode_of(words);
    if (words.rate > 0) {
        options.rate = words.rate;
    }
    if (words.read_bytes_per_second > 0) {
        options.read_bytes_per_second = words.read_bytes_per_second;
    }
    if (!words.tls.certificate.empty()) {
        options.tls = words.tls;
    }
    const std::string wrong = objection(options);
    if (!wrong.empty()) {
        std::cerr << wrong << "\nRun with --help for more information.\n";
        return k_usage_error;
    }
    return options;
}

}  // namespace bench::load
