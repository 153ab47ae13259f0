#include "policy/identity.hpp"

#include <algorithm>

namespace policy {
namespace {

constexpr std::string_view k_scheme = "spiffe://";
constexpr std::size_t k_uri_bytes_max = 2048;  // SPIFFE-ID §2.3

bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_mark(char c) {
    return c == '.' || c == '-' || c == '_';
}

bool is_trust_domain_char(char c) {
    return is_lower_or_digit(c) || is_mark(c);
}

bool is_segment_char(char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || is_mark(c);
}

/// Cuts the text before the next '/' off `rest`, and the slash with it.
std::string_view take_segment(std::string_view& rest) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    return segment;
}

/// Empty when the segment may name something, else the rule that it breaks.
std::string_view segment_error(std::string_view segment) {
    if (segment.empty()) {
        return "has an empty path segment";
    }
    if (segment == "." || segment == "..") {
        return "has a dot segment in its path";
    }
    if (!std::all_of(segment.begin(), segment.end(), is_segment_char)) {
        return "may use only A-Z, a-z, 0-9, '.', '-' and '_' in its path";
    }
    return {};
}

std::string_view trust_domain_error(std::string_view trust_domain) {
    if (trust_domain.empty()) {
        return "has no trust domain";
    }
    if (!std::all_of(trust_domain.begin(), trust_domain.end(), is_trust_domain_char)) {
        return "may use only a-z, 0-9, '.', '-' and '_' in its trust domain (no port, user or "
               "upper case)";
    }
    return {};
}

Result<Identity> broken(std::string_view rule) {
    return failed<Identity>("the SPIFFE ID " + std::string(rule));
}

/// The parts before and after "spiffe://TRUST-DOMAIN".
struct Parts {
    std::string_view trust_domain;
    std::string_view path;  // with its leading slash; empty when there is none
};

Result<Parts> split_uri(std::string_view uri) {
    if (uri.size() > k_uri_bytes_max) {
        return failed<Parts>(std::string("the SPIFFE ID is longer than 2048 bytes"));
    }
    if (!uri.starts_with(k_scheme)) {
        return failed<Parts>(std::string("the SPIFFE ID does not begin with \"spiffe://\""));
    }
    const std::string_view rest = uri.substr(k_scheme.size());
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const Parts parts{rest.substr(0, slash), rest.substr(slash)};
    if (const auto rule = trust_domain_error(parts.trust_domain); !rule.empty()) {
        return failed<Parts>("the SPIFFE ID " + std::string(rule));
    }
    return parts;
}

bool is_service_account_form(std::string_view path) {
    std::string_view rest = path;
    rest.remove_prefix(1);
    const std::string_view ns_word = take_segment(rest);
    static_cast<void>(take_segment(rest));
    const std::string_view sa_word = take_segment(rest);
    return std::count(path.begin(), path.end(), '/') == 4 && ns_word == "ns" && sa_word == "sa";
}

}  // namespace

std::string Identity::uri() const {
    if (!path.empty()) {
        return std::string(k_scheme) + trust_domain + path;
    }
    return std::string(k_scheme) + trust_domain + "/ns/" + name_space + "/sa/" + service_account;
}

Result<Identity> parse_spiffe_id(std::string_view uri) {
    const auto parts = split_uri(uri);
    if (!parts) {
        return failed<Identity>(parts.error());
    }
    if (parts->path.empty()) {
        return broken("has no path");
    }
    std::string_view rest = parts->path.substr(1);
    for (auto left = std::count(parts->path.begin(), parts->path.end(), '/'); left > 0; --left) {
        if (const auto rule = segment_error(take_segment(rest)); !rule.empty()) {
            return broken(rule);
        }
    }
    Identity identity;
    identity.trust_domain = parts->trust_domain;
    if (!is_service_account_form(parts->path)) {
        identity.path = parts->path;
        return identity;
    }
    rest = parts->path.substr(1);
    take_segment(rest);
    identity.name_space = take_segment(rest);
    take_segment(rest);
    identity.service_account = rest;
    return identity;
}

Result<Identity> parse_identity(std::string_view uri) {
    auto identity = parse_spiffe_id(uri);
    if (identity && !identity->path.empty()) {
        return broken("is not of the form spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT");
    }
    return identity;
}

}  // namespace policy
