#include "proxy/command/identity_values.hpp"

#include "proxy/command/identity_files.hpp"
#include "proxy/command/text_file.hpp"
#include "tls/describe.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

namespace proxy::command {
namespace {

constexpr std::chrono::hours k_duration_max{24 * 3650};

constexpr std::array<std::pair<std::string_view, tls::KeyKind>, 4> k_key_types{{
    {"ec-p256", tls::KeyKind::ec_p256},
    {"ec-p384", tls::KeyKind::ec_p384},
    {"rsa-2048", tls::KeyKind::rsa_2048},
    {"ed25519", tls::KeyKind::ed25519},
}};

/// 0 for what is no unit.
long seconds_of_unit(char unit) {
    switch (unit) {
        case 's':
            return 1;
        case 'm':
            return 60;
        case 'h':
            return 60L * 60;
        case 'd':
            return 24L * 60 * 60;
        default:
            return 0;
    }
}

}  // namespace

policy::Result<std::chrono::seconds> parse_duration(
    std::string_view option, std::string_view text
) {
    long count = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, count);
    const bool is_number = error == std::errc() && count > 0 && end - rest == 1;
    const long unit = is_number ? seconds_of_unit(*rest) : 0;
    if (unit == 0 || count > std::chrono::seconds(k_duration_max).count() / unit) {
        return policy::failed<std::chrono::seconds>(fmt::format(
            "{} {}: expected a number and a unit (s, m, h or d), such as 24h, of at most 3650d",
            option,
            text
        ));
    }
    return std::chrono::seconds(count * unit);
}

policy::Result<tls::KeyKind> parse_key_type(std::string_view text) {
    std::string known;
    for (const auto& [word, kind] : k_key_types) {
        if (word == text) {
            return kind;
        }
        known += (known.empty() ? "" : ", ") + std::string(word);
    }
    return policy::failed<tls::KeyKind>(
        fmt::format("--key-type {}: expected one of {}", text, known)
    );
}

std::string timestamp(std::chrono::system_clock::time_point time) {
    return fmt::format(
        "{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time))
    );
}

policy::Result<void> check_trust_domain(const std::string& trust_domain) {
    const policy::Identity example{trust_domain, "default", "default"};
    const auto parsed = policy::parse_identity(example.uri());
    return parsed ? policy::Result<void>()
                  : policy::failed<void>(
                        fmt::format("{} is no trust domain: {}", trust_domain, parsed.error())
                    );
}

policy::Result<policy::Identity> parse_workload(
    const std::string& name, const std::string& trust_domain
) {
    if (name.starts_with("spiffe://")) {
        return policy::parse_identity(name);
    }
    const std::size_t slash = name.find('/');
    if (slash == std::string::npos || name.find('/', slash + 1) != std::string::npos) {
        return policy::failed<policy::Identity>(std::string("expected NAMESPACE/SERVICE-ACCOUNT"));
    }
    policy::Identity identity;
    identity.trust_domain = trust_domain;
    identity.name_space = name.substr(0, slash);
    identity.service_account = name.substr(slash + 1);
    return policy::parse_identity(identity.uri());
}

bool is_dns_label(std::string_view text) {
    const auto is_label_char = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    return !text.empty() && text.size() <= 63 &&
           std::all_of(text.begin(), text.end(), is_label_char) && text.front() != '-' &&
           text.back() != '-';
}

bool is_dns_name(std::string_view text) {
    if (text.size() > 253) {
        return false;
    }
    std::string_view rest = text;
    std::size_t dot = rest.find('.');
    for (; dot != std::string_view::npos; dot = rest.find('.')) {
        if (!is_dns_label(rest.substr(0, dot))) {
            return false;
        }
        rest = rest.substr(dot + 1);
    }
    return is_dns_label(rest);
}

policy::Result<void> check_federated(const std::string& argument) {
    const std::size_t equals = argument.find('=');
    const auto checked = equals == std::string::npos
                             ? policy::Result<void>()
                             : check_trust_domain(argument.substr(0, equals));
    return checked
               ? checked
               : policy::failed<void>(fmt::format("--federate {}: {}", argument, checked.error()));
}

policy::Result<Federated> read_federated(const std::string& argument) {
    const auto refuse = [&argument](const std::string& why) {
        return policy::failed<Federated>(fmt::format("--federate {}: {}", argument, why));
    };
    const std::size_t equals = argument.find('=');
    const bool is_named = equals != std::string::npos;
    const std::string file = is_named ? argument.substr(equals + 1) : argument;
    auto text = read_text_file(file, k_pem_bytes_max);
    if (!text) {
        return refuse(text.error());
    }
    const auto roots = tls::parse_certificates(*text, file);
    if (!roots) {
        return refuse(roots.error());
    }
    Federated federated;
    federated.trust_domain =
        is_named ? argument.substr(0, equals) : tls::trust_domain_of(roots->front().get());
    if (federated.trust_domain.empty()) {
        return refuse("the certificate names no trust domain: write TRUST-DOMAIN=FILE");
    }
    if (const auto checked = check_trust_domain(federated.trust_domain); !checked) {
        return refuse(checked.error());
    }
    for (const auto& root : *roots) {
        if (X509_check_ca(root.get()) != 1) {
            return refuse("it holds a certificate that is no CA; give the other mesh's ca.crt");
        }
        const std::string named = tls::trust_domain_of(root.get());
        if (!named.empty() && named != federated.trust_domain) {
            return refuse(fmt::format("it holds a root of the trust domain {}", named));
        }
        federated.bundle += tls::pem_of(root.get());
    }
    return federated;
}

}  // namespace proxy::command
