#include "policy/question.hpp"

#include "policy/ascii.hpp"
#include "policy/service_name.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace policy {
namespace {

constexpr std::uint16_t k_http_port = 80;

bool is_letter_or_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool consists_of(std::string_view text, std::string_view others) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
    });
}

/// RFC 9110 §5.5: what would end the line, or a C string in the application, is no value.
bool is_field_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

std::string_view trim(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

Result<std::uint16_t> read_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port == 0) {
        return failed<std::uint16_t>(
            "port: \"" + std::string(text) + "\" is no number from 1 to 65535"
        );
    }
    return port;
}

Result<Protocol> read_protocol(const std::optional<std::string>& text) {
    for (const Protocol protocol : {Protocol::http, Protocol::tcp, Protocol::udp}) {
        if (text.value_or("http") == to_string(protocol)) {
            return protocol;
        }
    }
    return failed<Protocol>("protocol: \"" + *text + "\" is none of http, tcp, udp");
}

Result<HeaderLine> read_header(std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    if (colon == std::string_view::npos || !consists_of(name, "!#$%&'*+-.^_`|~")) {
        return failed<HeaderLine>(
            "header: \"" + std::string(text) + "\" is not of the form 'name: value'"
        );
    }
    const std::string_view value = trim(text.substr(colon + 1));
    if (!is_field_value(value)) {
        return failed<HeaderLine>(
            "header: the value of " + std::string(name) + " holds a control character"
        );
    }
    return HeaderLine{std::string(name), std::string(value)};
}

/// The authority that stands in an absolute or CONNECT target; empty for the other forms.
std::string authority_in(const RequestQuestion& request) {
    const std::string& target = request.target;
    if (target.starts_with('/') || target == "*") {
        return {};
    }
    const std::size_t scheme = target.find("://");
    if (scheme == std::string::npos) {
        return request.method == "CONNECT" ? target : std::string();
    }
    const std::size_t begin = scheme + 3;
    return target.substr(begin, target.find_first_of("/?", begin) - begin);
}

Result<RequestQuestion> read_request(const QuestionWords& words, const std::string& host) {
    RequestQuestion request;
    request.method = words.method.value_or("GET");
    if (request.method.empty()) {
        return failed<RequestQuestion>(std::string("method: it is empty"));
    }
    // A CONNECT names the host where others have a path.
    const bool is_connect = request.method == "CONNECT";
    request.target = words.path.value_or(is_connect && !host.empty() ? host : "/");
    if (request.target.empty()) {
        return failed<RequestQuestion>(std::string("path: it is empty; the root is \"/\""));
    }
    bool has_host = false;
    for (const std::string& text : words.headers) {
        auto header = read_header(text);
        if (!header) {
            return failed<RequestQuestion>(header.error());
        }
        if (equal_ignoring_case(header->name, "host")) {
            if (has_host) {
                return failed<RequestQuestion>(std::string("header: more than one host"));
            }
            has_host = true;
            request.authority = header->value;
        }
        request.headers.push_back(std::move(*header));
    }
    if (!has_host) {
        const std::string own = authority_in(request);
        request.authority = own.empty() ? host : own;
    }
    return request;
}

/// Host and port of `host`, in the form in which they stand in a request, and the address when it
/// is one. An IPv6 address may come without brackets, then without a port.
struct HostWords {
    std::string authority;
    std::optional<SocketAddress> address;
};

Result<HostWords> read_host(const std::string& text) {
    const bool is_bare_ip6 = std::count(text.begin(), text.end(), ':') > 1 &&
                             !text.starts_with('[') && parse_ip(text).has_value();
    HostWords words{is_bare_ip6 ? '[' + text + ']' : text, std::nullopt};
    const auto parts = split_authority(words.authority);
    if (!parts) {
        return failed<HostWords>(
            "host: \"" + text +
            "\" is not HOST or HOST:PORT (a name or an address, [ADDRESS]:PORT "
            "for IPv6)"
        );
    }
    if (const auto ip = parse_ip(parts->host)) {
        words.address = SocketAddress{*ip, parts->port.value_or(k_http_port)};
        return words;
    }
    if (!consists_of(parts->host, "-._~")) {
        return failed<HostWords>(
            "host: \"" + std::string(parts->host) + "\" is neither a host name nor an address"
        );
    }
    return words;
}

}  // namespace

std::string_view to_string(Protocol protocol) {
    switch (protocol) {
        case Protocol::http:
            return "http";
        case Protocol::tcp:
            return "tcp";
        case Protocol::udp:
            return "udp";
    }
    return "http";
}

Result<Identity> read_workload(std::string_view text, const std::string& trust_domain) {
    if (text.find("://") != std::string_view::npos) {
        return parse_identity(text);
    }
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) {
        return failed<Identity>(
            "\"" + std::string(text) + "\" is neither NAMESPACE/SERVICE-ACCOUNT nor a spiffe:// URI"
        );
    }
    const Identity identity{
        trust_domain, std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))
    };
    auto checked = parse_identity(identity.uri());
    if (!checked) {
        return failed<Identity>(
            "\"" + std::string(text) + "\" in trust domain \"" + trust_domain +
            "\" gives no identity: " + checked.error()
        );
    }
    return checked;
}

Result<std::optional<Identity>> read_peer(std::string_view text, const std::string& trust_domain) {
    if (text == "none") {
        return std::optional<Identity>();
    }
    const bool is_uri = text.find("://") != std::string_view::npos;
    auto identity = is_uri ? parse_spiffe_id(text) : read_workload(text, trust_domain);
    if (!identity) {
        return failed<std::optional<Identity>>(
            "from: " + identity.error() + " (nor is it \"none\")"
        );
    }
    return std::optional<Identity>(std::move(*identity));
}

Result<AccessQuestion> read_access_question(
    const QuestionWords& words, const std::string& trust_domain
) {
    AccessQuestion question;
    if (!words.from) {
        return failed<AccessQuestion>(std::string("from: who asks is missing"));
    }
    auto peer = read_peer(*words.from, trust_domain);
    if (!peer) {
        return failed<AccessQuestion>(peer.error());
    }
    question.peer = std::move(*peer);
    if (words.from_address) {
        question.peer_address = parse_ip(*words.from_address);
        if (!question.peer_address) {
            return failed<AccessQuestion>(
                "from-address: \"" + *words.from_address + "\" is no IP address"
            );
        }
    }
    if (!words.port) {
        return failed<AccessQuestion>(std::string("port: the pod's port is missing"));
    }
    const auto port = read_port(*words.port);
    if (!port) {
        return failed<AccessQuestion>(port.error());
    }
    question.port = *port;
    const auto protocol = read_protocol(words.protocol);
    if (!protocol) {
        return failed<AccessQuestion>(protocol.error());
    }
    question.protocol = *protocol;
    auto request = read_request(words, {});
    if (!request) {
        return failed<AccessQuestion>(request.error());
    }
    question.request = std::move(*request);
    return question;
}

Result<RouteQuestion> read_route_question(const QuestionWords& words) {
    RouteQuestion question;
    if (!words.host) {
        return failed<RouteQuestion>(std::string("host: where it goes is missing"));
    }
    const auto host = read_host(*words.host);
    if (!host) {
        return failed<RouteQuestion>(host.error());
    }
    question.host = host->authority;
    question.destination = host->address;
    const auto protocol = read_protocol(words.protocol);
    if (!protocol) {
        return failed<RouteQuestion>(protocol.error());
    }
    question.protocol = *protocol;
    auto request = read_request(words, host->authority);
    if (!request) {
        return failed<RouteQuestion>(request.error());
    }
    if (request->authority != host->authority && !host->address) {
        return failed<RouteQuestion>(
            "header: host " + request->authority + " is not " + host->authority +
            "; only beside an address may another host be asked for"
        );
    }
    question.request = std::move(*request);
    return question;
}

}  // namespace policy
