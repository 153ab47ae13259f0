#include "proxy/http/field_names.hpp"

#include "policy/ascii.hpp"

#include <algorithm>

namespace proxy::http {
namespace {

constexpr std::string_view k_ours = "smilax-";

/// Compares with '_' read as '-': CGI and its heirs turn both into one variable name, so that
/// "smilax_peer" would be "smilax-peer" to the application.
bool is_same_alias(std::string_view name, std::string_view known) {
    return name.size() == known.size() &&
           std::equal(name.begin(), name.end(), known.begin(), [](char a, char b) {
               return (a == '_' ? '-' : policy::to_lower(a)) == b;
           });
}

bool claims_identity(std::string_view name) {
    switch (name.empty() ? '\0' : policy::to_lower(name.front())) {
        case 's':
            return is_same_alias(name.substr(0, k_ours.size()), k_ours);
        case 'x':
            return is_same_alias(name, "x-forwarded-client-cert");
        case 'l':
            return is_same_alias(name, "l5d-client-id");
        default:
            return false;
    }
}

/// A name that is none of those that frame or connect.
FieldName other_name(std::string_view name) {
    return claims_identity(name) ? FieldName::identity_claim : FieldName::other;
}

/// Most names of a known one's size begin with another letter.
bool is_known(std::string_view name, std::string_view known) {
    return policy::to_lower(name.front()) == known.front() &&
           policy::equal_ignoring_case(name, known);
}

FieldName if_same(std::string_view name, std::string_view known, FieldName value) {
    return is_known(name, known) ? value : other_name(name);
}

/// A name that frames, or what CGI would take for it.
FieldName if_framing(std::string_view name, std::string_view known, FieldName value) {
    if (is_known(name, known)) {
        return value;
    }
    return is_same_alias(name, known) ? FieldName::framing_alias : other_name(name);
}

}  // namespace

FieldName name_of(std::string_view name) {
    // Lengths part them; where two share one, a letter does.
    switch (name.size()) {
        case 2:
            return if_same(name, "te", FieldName::te);
        case 4:
            return if_same(name, "host", FieldName::host);
        case 6:
            return if_same(name, "expect", FieldName::expect);
        case 7:
            return (name[0] | 0x20) == 'u' ? if_same(name, "upgrade", FieldName::upgrade)
                                           : if_same(name, "trailer", FieldName::trailer);
        case 10:
            return (name[0] | 0x20) == 'c' ? if_same(name, "connection", FieldName::connection)
                                           : if_same(name, "keep-alive", FieldName::keep_alive);
        case 14:
            return (name[0] | 0x20) == 'c'
                       ? if_framing(name, "content-length", FieldName::content_length)
                       : if_same(name, "http2-settings", FieldName::http2_settings);
        case 16:
            return if_same(name, "proxy-connection", FieldName::proxy_connection);
        case 17:
            return if_framing(name, "transfer-encoding", FieldName::transfer_encoding);
        default:
            return other_name(name);
    }
}

}  // namespace proxy::http
