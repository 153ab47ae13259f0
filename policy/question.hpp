// What people ask `explain`: the questions, and the words they are asked in.
#pragma once

#include "policy/address.hpp"
#include "policy/identity.hpp"
#include "policy/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

enum class Protocol : std::uint8_t { http, tcp, udp };

[[nodiscard]] std::string_view to_string(Protocol protocol);

/// A header line that owns its bytes.
struct HeaderLine {
    std::string name;
    std::string value;
};

/// An HTTP request as far as policy sees it. The first three are as asked; who knows how the proxy
/// reads requests fills in the others, and leaves in `headers` what the proxy judges.
struct RequestQuestion {
    std::string method = "GET";
    std::string target = "/";  // as sent: with its query, "*", or the authority of a CONNECT
    std::vector<HeaderLine> headers;
    std::string authority;             // Host, or the authority of the target
    std::vector<std::string> dropped;  // names of headers that never go on and so are not judged
    std::string malformed;             // why this is no request; empty: it is one
};

/// May this peer do this at this port of the snapshot's workload?
struct AccessQuestion {
    std::optional<Identity> peer;           // nullopt: it proved no identity
    std::optional<IpAddress> peer_address;  // where it comes from, for podLabelSelector
    std::uint16_t port = 0;                 // of the pod
    Protocol protocol = Protocol::http;
    RequestQuestion request;  // of Protocol::http
};

/// Where does it go what the snapshot's workload sends to this host? `request.authority` is Host:
/// the host itself, unless a header says another one to an address.
struct RouteQuestion {
    std::string host;                          // as asked
    std::optional<SocketAddress> destination;  // of a host that is an address
    Protocol protocol = Protocol::http;
    RequestQuestion request;  // of Protocol::http
};

/// The words of a question: the options of the command, the parameters of the admin page.
struct QuestionWords {
    std::optional<std::string> from;
    std::optional<std::string> from_address;
    std::optional<std::string> host;
    std::optional<std::string> port;
    std::optional<std::string> protocol;
    std::optional<std::string> method;
    std::optional<std::string> path;
    std::vector<std::string> headers;
};

// The errors are sentences that name the word.

[[nodiscard]] Result<AccessQuestion> read_access_question(
    const QuestionWords& words, const std::string& trust_domain
);
[[nodiscard]] Result<RouteQuestion> read_route_question(const QuestionWords& words);

/// A service account: "NS/SA" in `trust_domain`, or its "spiffe://" URI.
[[nodiscard]] Result<Identity> read_workload(
    std::string_view text, const std::string& trust_domain
);
/// The same, or any other SPIFFE ID, taken at its word, or "none": an unauthenticated peer.
[[nodiscard]] Result<std::optional<Identity>> read_peer(
    std::string_view text, const std::string& trust_domain
);

}  // namespace policy
