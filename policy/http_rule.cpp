#include "policy/http_rule.hpp"

#include "policy/ascii.hpp"
#include "policy/service_name.hpp"

#include <algorithm>
#include <array>

namespace policy {
namespace {

constexpr std::array<std::string_view, 9> k_methods{
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"
};

/// As sent, and once more in the form in which hosts are the same: without port, trailing dot and
/// capitals (U4; security.md §4).
bool host_matches(const Matcher& matcher, std::string_view authority) {
    if (authority.empty()) {
        return false;
    }
    if (matcher.matches(authority)) {
        return true;
    }
    const auto parts = split_authority(authority);
    if (!parts) {
        return false;
    }
    const FoldedHost folded(parts->host);
    return !folded.text().empty() && matcher.matches(folded.text());
}

}  // namespace

MethodKey method_key(std::string_view method) {
    for (std::size_t i = 0; i < k_methods.size(); ++i) {
        if (k_methods[i] == method) {
            return {static_cast<std::uint16_t>(1U << i), method};
        }
    }
    return {0, method};
}

void MethodSet::add(const std::string& method) {
    const std::uint16_t bit = method_key(method).bit;
    if (bit == 0) {
        others_.push_back(method);
    }
    bits_ = static_cast<std::uint16_t>(bits_ | bit);
}

bool MethodSet::contains(const MethodKey& key) const {
    if (is_any_ || (bits_ & key.bit) != 0) {
        return true;
    }
    return key.bit == 0 && std::find(others_.begin(), others_.end(), key.text) != others_.end();
}

bool header_matches(const HeaderRule& rule, const HttpView& request) {
    if (rule.is_host) {
        return host_matches(rule.matcher, request.authority);
    }
    bool is_present = false;
    for (const HeaderField& field : request.headers) {
        if (!equal_ignoring_case(field.name, rule.name)) {
            continue;
        }
        if (!rule.matcher.matches(field.value)) {
            return false;
        }
        is_present = true;
    }
    return is_present;
}

bool path_matches(const HttpRule& rule, std::string_view path) {
    if (!rule.has_path_condition()) {
        return true;
    }
    // "*" and CONNECT have no path: even a pattern like "(/a)?" is no permission for them.
    return !path.empty() && rule.path->matches(path);
}

bool matches_besides_path(const HttpRule& rule, const HttpView& request) {
    if (rule.is_never || !rule.methods.contains(request.method)) {
        return false;
    }
    return std::all_of(rule.headers.begin(), rule.headers.end(), [&](const HeaderRule& header) {
        return header_matches(header, request);
    });
}

bool matches(const HttpRule& rule, const HttpView& request) {
    return path_matches(rule, request.path) && matches_besides_path(rule, request);
}

}  // namespace policy
