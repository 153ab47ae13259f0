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

}  // namespace

std::string Identity::uri() const {
    return std::string(k_scheme) + trust_domain + "/ns/" + name_space + "/sa/" + service_account;
}

Result<Identity> parse_identity(std::string_view uri) {
    if (uri.size() > k_uri_bytes_max) {
        return broken("is longer than 2048 bytes");
    }
    if (!uri.starts_with(k_scheme)) {
        return broken("does not begin with \"spiffe://\"");
    }
    std::string_view rest = uri.substr(k_scheme.size());
    const std::string_view trust_domain = take_segment(rest);
    if (const auto rule = trust_domain_error(trust_domain); !rule.empty()) {
        return broken(rule);
    }
    // A fixed form is checked as a whole: six slashes, so that none is lost or added unseen.
    if (std::count(uri.begin(), uri.end(), '/') != 6) {
        return broken("is not of the form spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT");
    }
    const std::string_view ns_word = take_segment(rest);
    const std::string_view name_space = take_segment(rest);
    const std::string_view sa_word = take_segment(rest);
    const std::string_view service_account = rest;
    if (ns_word != "ns" || sa_word != "sa") {
        return broken("is not of the form spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT");
    }
    for (const std::string_view segment : {name_space, service_account}) {
        if (const auto rule = segment_error(segment); !rule.empty()) {
            return broken(rule);
        }
    }
    return Identity{
        std::string(trust_domain),
        std::string(name_space),
        std::string(service_account),
    };
}

}  // namespace policy
