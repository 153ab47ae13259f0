// One worker's numbers: plain integers, no atomics, copied out whole when Prometheus asks.
#pragma once

#include "policy/address.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace telemetry {

enum class Direction : std::uint8_t { inbound, outbound };
/// The `tls` label (smi.md §3.4).
enum class TlsLabel : std::uint8_t { yes, no_identity, disabled, opaque };
/// The `peer` label of tcp_*: src = the accepted side, dst = the connecting side.
enum class PeerLabel : std::uint8_t { src, dst };

/// What tells one HTTP series from another (Linkerd's target labels). Compared as a whole.
struct HttpTarget {
    Direction direction = Direction::inbound;
    std::string authority;         // a known Service's authority, else "other" or empty: bounded
    policy::SocketAddress target;  // pod port on inbound (ip zero), service endpoint on outbound
    TlsLabel tls = TlsLabel::disabled;
    std::string client_id;      // inbound: the peer's SPIFFE URI or empty
    std::string server_id;      // outbound
    std::string dst_namespace;  // outbound only
    std::string dst_service;    // outbound only: the backend, not the root
    std::string dst_pod;        // outbound only
    // inbound only: the rule that allowed or the nearest
    std::string route_name;  // HTTP match
    std::string authz_namespace;
    std::string authz_name;  // TrafficTarget
    auto operator<=>(const HttpTarget&) const = default;
};

struct TcpTarget {
    Direction direction = Direction::inbound;
    PeerLabel peer = PeerLabel::src;
    policy::SocketAddress target;
    TlsLabel tls = TlsLabel::disabled;
    std::string client_id;
    std::string server_id;
    std::string dst_namespace;
    std::string dst_service;
    auto operator<=>(const TcpTarget&) const = default;
};

/// `_allow_total` / `_deny_total` and split counters.
struct VerdictLabels {
    Direction direction = Direction::inbound;
    bool http = true;
    bool allowed = false;
    bool audited = false;  // would have been denied, but the mode let it pass
    std::uint16_t port = 0;
    std::string reason;  // a word of policy::Reason
    std::string client_id;
    std::string authz_namespace;
    std::string authz_name;
    auto operator<=>(const VerdictLabels&) const = default;
};

struct SplitLabels {
    std::string split_namespace;
    std::string split_name;
    std::string root;
    std::string backend;
    auto operator<=>(const SplitLabels&) const = default;
};

/// One number of a sheet, found by its labels once. Valid as long as the sheet.
class Counter {
 public:
    void count() const { ++(*counts_)[index_]; }

 private:
    friend class Sheet;
    Counter(std::vector<std::uint64_t>& counts, std::uint32_t index)
        : counts_(&counts), index_(index) {}

    std::vector<std::uint64_t>* counts_;  // grows, so that only an index stays right
    std::uint32_t index_;
};

class HttpSeries;  // defined in sheet.cpp's private header: counters of one HttpTarget
class TcpSeries;

/// Owned by one worker and used on its thread only. References returned stay valid as long as the
/// sheet. Beyond `label_sets_max` per family everything is counted under one "other" set.
class Sheet {
 public:
    explicit Sheet(std::size_t label_sets_max);
    ~Sheet();
    Sheet(const Sheet&) = delete;
    Sheet& operator=(const Sheet&) = delete;

    /// Find or make. Callers keep the reference per connection or per (connection, rule), so that
    /// a request costs no lookup by string.
    [[nodiscard]] HttpSeries& http(const HttpTarget& target);
    [[nodiscard]] TcpSeries& tcp(const TcpTarget& target);

    // The same for what is a number and no more: keep it, or count at once.
    [[nodiscard]] Counter verdict(const VerdictLabels& labels);
    [[nodiscard]] Counter split(const SplitLabels& labels);
    /// A backend of the split had no ready endpoint when the choice was made.
    [[nodiscard]] Counter empty_split(const SplitLabels& labels);
    void on_verdict(const VerdictLabels& labels) { verdict(labels).count(); }
    void on_split(const SplitLabels& labels) { split(labels).count(); }
    void on_empty_split(const SplitLabels& labels) { empty_split(labels).count(); }
    /// Data-path errors that belong to no request: malformed heads, loops, handshake failures …
    void on_error(Direction direction, bool http, std::string_view reason);
    /// Why a TLS handshake failed, beside the error that it is.
    void on_handshake_failure(Direction direction, std::string_view reason);

    // tcp_*: opened/closed and bytes, `read` and `written` from our socket's view.
    void on_tcp_open(TcpSeries& series);
    void on_tcp_close(TcpSeries& series, std::string_view error);
    void on_tcp_bytes(TcpSeries& series, std::uint64_t read, std::uint64_t written);

    /// A copy for another thread.
    struct Numbers;
    [[nodiscard]] std::shared_ptr<const Numbers> copy() const;

 private:
    friend class RequestRecord;
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace telemetry
