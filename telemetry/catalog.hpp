// The one list of metric families: name, type, help, labels. A metric that is not here does not
// exist. Names, labels and units of the traffic families are those of Linkerd's proxy, so that
// what reads its series (Flagger, smi-metrics, dashboards) reads ours.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace telemetry {

enum class FamilyType : std::uint8_t { counter, gauge, histogram };

struct Family {
    std::string_view name;
    FamilyType type;
    std::string_view help;
    /// Label names in the order they are printed, separated by spaces. A label without a value is
    /// not printed, which is the same to Prometheus. `namespace`, `pod` and the owner's label stand
    /// on every series and are not listed.
    std::string_view labels;
};

namespace catalog {

inline constexpr Family request_total{
    "request_total",
    FamilyType::counter,
    "HTTP requests received.",
    "direction authority target_addr target_ip target_port tls no_tls_reason client_id server_id "
    "dst_namespace dst_service dst_pod srv_kind srv_name srv_port route_group route_kind "
    "route_name authz_group authz_kind authz_namespace authz_name",
};
inline constexpr Family response_total{
    "response_total",
    FamilyType::counter,
    "HTTP exchanges completed.",
    "direction authority target_addr target_ip target_port tls no_tls_reason client_id server_id "
    "dst_namespace dst_service dst_pod srv_kind srv_name srv_port route_group route_kind "
    "route_name authz_group authz_kind authz_namespace authz_name status_code classification "
    "error",
};
inline constexpr Family response_latency_ms{
    "response_latency_ms",
    FamilyType::histogram,
    "Milliseconds from the request's head received to the response complete.",
    "direction authority target_addr target_ip target_port tls no_tls_reason client_id server_id "
    "dst_namespace dst_service dst_pod srv_kind srv_name srv_port route_group route_kind "
    "route_name authz_group authz_kind authz_namespace authz_name status_code",
};

inline constexpr Family tcp_open_total{
    "tcp_open_total",
    FamilyType::counter,
    "Connections opened.",
    "direction peer target_addr target_ip target_port tls no_tls_reason client_id server_id "
    "dst_namespace dst_service",
};
inline constexpr Family tcp_open_connections{
    "tcp_open_connections",
    FamilyType::gauge,
    "Connections open now.",
    tcp_open_total.labels,
};
inline constexpr Family tcp_read_bytes_total{
    "tcp_read_bytes_total",
    FamilyType::counter,
    "Bytes read from the peer.",
    tcp_open_total.labels,
};
inline constexpr Family tcp_write_bytes_total{
    "tcp_write_bytes_total",
    FamilyType::counter,
    "Bytes written to the peer.",
    tcp_open_total.labels,
};
inline constexpr Family tcp_close_total{
    "tcp_close_total",
    FamilyType::counter,
    "Connections closed; errno is the reason word, absent when they ended well.",
    "direction peer target_addr target_ip target_port tls no_tls_reason client_id server_id "
    "dst_namespace dst_service errno",
};

inline constexpr std::string_view k_authz_labels =
    "target_port tls client_id srv_kind srv_name srv_port authz_group authz_kind authz_namespace "
    "authz_name reason";
inline constexpr Family inbound_http_authz_allow_total{
    "inbound_http_authz_allow_total",
    FamilyType::counter,
    "Requests that policy allowed.",
    k_authz_labels,
};
inline constexpr Family inbound_http_authz_deny_total{
    "inbound_http_authz_deny_total",
    FamilyType::counter,
    "Requests that policy denied.",
    k_authz_labels,
};
inline constexpr Family inbound_http_authz_audit_total{
    "inbound_http_authz_audit_total",
    FamilyType::counter,
    "Requests let through in audit mode that policy would deny.",
    k_authz_labels,
};
inline constexpr Family inbound_tcp_authz_allow_total{
    "inbound_tcp_authz_allow_total",
    FamilyType::counter,
    "Connections that policy allowed.",
    k_authz_labels,
};
inline constexpr Family inbound_tcp_authz_deny_total{
    "inbound_tcp_authz_deny_total",
    FamilyType::counter,
    "Connections that policy denied or ended.",
    k_authz_labels,
};
inline constexpr Family inbound_tcp_authz_audit_total{
    "inbound_tcp_authz_audit_total",
    FamilyType::counter,
    "Connections let through in audit mode that policy would deny.",
    k_authz_labels,
};

inline constexpr Family inbound_http_errors_total{
    "inbound_http_errors_total",
    FamilyType::counter,
    "Inbound HTTP failures outside a counted request.",
    "error",
};
inline constexpr Family inbound_tcp_errors_total{
    "inbound_tcp_errors_total",
    FamilyType::counter,
    "Inbound connections that failed.",
    "error",
};
inline constexpr Family outbound_http_errors_total{
    "outbound_http_errors_total",
    FamilyType::counter,
    "Outbound HTTP failures outside a counted request.",
    "error",
};
inline constexpr Family outbound_tcp_errors_total{
    "outbound_tcp_errors_total",
    FamilyType::counter,
    "Outbound connections that failed.",
    "error",
};

inline constexpr Family tls_handshake_failures_total{
    "tls_handshake_failures_total",
    FamilyType::counter,
    "TLS handshakes that failed.",
    "direction reason",
};

inline constexpr Family split_backend_total{
    "split_backend_total",
    FamilyType::counter,
    "Requests and connections that a TrafficSplit sent to a backend.",
    "split_namespace split root backend",
};

inline constexpr Family split_backend_empty_total{
    "split_backend_empty_total",
    FamilyType::counter,
    "Requests and connections of a TrafficSplit that found this backend without a ready endpoint.",
    "split_namespace split root backend",
};

inline constexpr Family process_start_time_seconds{
    "process_start_time_seconds",
    FamilyType::gauge,
    "When the process started, in seconds since the epoch.",
    "",
};
inline constexpr Family identity_cert_expiration_timestamp_seconds{
    "identity_cert_expiration_timestamp_seconds",
    FamilyType::gauge,
    "When this workload's certificate ends, in seconds since the epoch.",
    "",
};
inline constexpr Family identity_cert_refreshes_total{
    "identity_cert_refreshes_total",
    FamilyType::counter,
    "Certificates taken into use.",
    "",
};
inline constexpr Family identity_cert_refresh_errors_total{
    "identity_cert_refresh_errors_total",
    FamilyType::counter,
    "Certificates that were offered and could not be used.",
    "",
};
inline constexpr Family smilax_snapshot_generation{
    "smilax_snapshot_generation",
    FamilyType::gauge,
    "The policy snapshot in force; 0 before the first.",
    "",
};
inline constexpr Family smilax_resource_problems{
    "smilax_resource_problems",
    FamilyType::gauge,
    "Errors in the resources at present.",
    "",
};
inline constexpr Family smilax_resource_errors_total{
    "smilax_resource_errors_total",
    FamilyType::counter,
    "Resource files that could not be read.",
    "",
};
inline constexpr Family smilax_log_dropped_lines_total{
    "smilax_log_dropped_lines_total",
    FamilyType::counter,
    "Log lines dropped because standard error did not take them.",
    "",
};
inline constexpr Family smilax_build_info{
    "smilax_build_info",
    FamilyType::gauge,
    "Always 1; the version is a label.",
    "version",
};

/// In the order they are printed.
inline constexpr std::array k_families = {
    &request_total,
    &response_total,
    &response_latency_ms,
    &tcp_open_total,
    &tcp_open_connections,
    &tcp_read_bytes_total,
    &tcp_write_bytes_total,
    &tcp_close_total,
    &inbound_http_authz_allow_total,
    &inbound_http_authz_deny_total,
    &inbound_http_authz_audit_total,
    &inbound_tcp_authz_allow_total,
    &inbound_tcp_authz_deny_total,
    &inbound_tcp_authz_audit_total,
    &inbound_http_errors_total,
    &inbound_tcp_errors_total,
    &outbound_http_errors_total,
    &outbound_tcp_errors_total,
    &tls_handshake_failures_total,
    &split_backend_total,
    &split_backend_empty_total,
    &process_start_time_seconds,
    &identity_cert_expiration_timestamp_seconds,
    &identity_cert_refreshes_total,
    &identity_cert_refresh_errors_total,
    &smilax_snapshot_generation,
    &smilax_resource_problems,
    &smilax_resource_errors_total,
    &smilax_log_dropped_lines_total,
    &smilax_build_info,
};

}  // namespace catalog
}  // namespace telemetry
