#include "tls/peer.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace tls {
namespace {

struct NamesDelete {
    void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

policy::Result<policy::Identity> refused(std::string sentence) {
    return policy::failed<policy::Identity>(std::move(sentence));
}

using Names = std::unique_ptr<GENERAL_NAMES, NamesDelete>;

/// `critical` becomes -1 when there is no SAN extension, -2 when there are two.
Names names_of(X509* certificate, int& critical) {
    Names names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)
    ));
    ERR_clear_error();
    return names;
}

/// Those of one type (GEN_URI, GEN_DNS). Other kinds may stand beside one and name nobody
/// (X509-SVID §2).
std::vector<std::string_view> texts_among(const GENERAL_NAMES* names, int type) {
    std::vector<std::string_view> texts;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
        if (name->type == type) {
            const ASN1_IA5STRING* text = name->d.ia5;
            texts.emplace_back(
                reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                static_cast<std::size_t>(ASN1_STRING_length(text))
            );
        }
    }
    return texts;
}

/// The bytes of the only common name; empty when there is none or another.
std::string_view common_name_of(const X509* leaf) {
    const X509_NAME* subject = X509_get_subject_name(leaf);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) {
        return {};
    }
    const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    return {
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
        static_cast<std::size_t>(ASN1_STRING_length(text))
    };
}

/// Of a leaf without any URI SAN. Names that fit no form may stand beside one that does.
policy::Result<policy::Identity> identity_by_dns_names(
    const X509* leaf, const GENERAL_NAMES* names, const Naming& naming
) {
    std::optional<policy::Identity> found;
    for (const std::string_view name : texts_among(names, GEN_DNS)) {
        auto identity = identity_of_dns_name(name, common_name_of(leaf), naming);
        if (found && identity && *found != *identity) {
            return refused("its DNS SANs name more than one workload");
        }
        if (identity) {
            found = std::move(identity);
        }
    }
    if (found) {
        return std::move(*found);
    }
    const bool has_dns_form =
        naming.has(NameForm::Kind::osm) || naming.has(NameForm::Kind::linkerd);
    return refused(
        has_dns_form ? "no URI SAN, and no DNS SAN of a form that identity.names lists"
                     : "no URI SAN"
    );
}

policy::Result<policy::Identity> identity_by_names(X509* leaf, const Naming& naming) {
    int critical = 0;
    const Names names = names_of(leaf, critical);
    if (names == nullptr) {
        return refused(
            critical == -1 ? "no subjectAltName extension" : "subjectAltName cannot be read"
        );
    }
    // A URI, if there is one, alone says who it is.
    const auto uris = texts_among(names.get(), GEN_URI);
    if (uris.empty()) {
        return identity_by_dns_names(leaf, names.get(), naming);
    }
    if (uris.size() > 1) {
        return refused("more than one URI SAN");
    }
    if (uris.front().find('\0') != std::string_view::npos) {
        return refused("NUL in the URI SAN");
    }
    return identity_of_uri(uris.front(), naming);
}

bool is_key_usage_critical(const X509* leaf) {
    const int at = X509_get_ext_by_NID(leaf, NID_key_usage, -1);
    return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(leaf, at)) == 1;
}

/// What the extensions say against a leaf; empty when nothing (X509-SVID §4.1, §4.3, §4.4).
std::string_view objection_to_usage(X509* leaf) {
    const std::uint32_t flags = X509_get_extension_flags(leaf);
    if ((flags & EXFLAG_INVALID) != 0) {
        return "an extension cannot be read";
    }
    if ((flags & EXFLAG_CA) != 0) {
        return "it is a CA certificate (basicConstraints CA:TRUE), which names no workload";
    }
    if ((flags & EXFLAG_KUSAGE) == 0) {
        return "no keyUsage extension";
    }
    const std::uint32_t usage = X509_get_key_usage(leaf);
    if ((usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) != 0) {
        return "keyUsage has keyCertSign or cRLSign, which a workload must not have";
    }
    if ((usage & KU_DIGITAL_SIGNATURE) == 0) {
        return "keyUsage lacks digitalSignature";
    }
    if (!is_key_usage_critical(leaf)) {
        return "keyUsage is not marked critical";
    }
    constexpr std::uint32_t both = XKU_SSL_SERVER | XKU_SSL_CLIENT;
    if ((flags & EXFLAG_XKUSAGE) != 0 && (X509_get_extended_key_usage(leaf) & both) != both) {
        return "extendedKeyUsage lacks serverAuth or clientAuth";
    }
    return {};
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
        return {};
    }
    // 99991231235959Z says "never" (RFC 5280 §4.1.2.5), and is more nanoseconds than there are.
    constexpr auto k_latest = std::chrono::floor<std::chrono::seconds>(
        std::chrono::system_clock::time_point::max().time_since_epoch()
    );
    return std::chrono::system_clock::time_point(
        std::min(std::chrono::seconds(timegm(&parts)), k_latest)
    );
}

}  // namespace

policy::Result<policy::Identity> identity_of(X509* leaf, const Naming& naming) {
    const std::string_view objection = objection_to_usage(leaf);
    if (!objection.empty()) {
        return refused(std::string(objection));
    }
    return identity_by_names(leaf, naming);
}

std::vector<std::string> uris_of(X509* certificate) {
    int critical = 0;
    const Names names = names_of(certificate, critical);
    std::vector<std::string> uris;
    if (names == nullptr) {
        return uris;
    }
    for (const std::string_view uri : texts_among(names.get(), GEN_URI)) {
        std::string& shown = uris.emplace_back();
        for (const char character : uri) {
            const auto byte = static_cast<unsigned char>(character);
            if (byte >= 0x20 && byte < 0x7f) {
                shown += character;
            } else {
                constexpr std::string_view digits = "0123456789abcdef";
                shown += "\\x";
                shown += digits[byte >> 4];
                shown += digits[byte & 15];
            }
        }
    }
    return uris;
}

std::vector<std::string> dns_names_of(X509* certificate) {
    int critical = 0;
    const Names names = names_of(certificate, critical);
    if (names == nullptr) {
        return {};
    }
    const auto texts = texts_among(names.get(), GEN_DNS);
    return {texts.begin(), texts.end()};
}

std::chrono::system_clock::time_point not_before_of(const X509* certificate) {
    return time_of(X509_get0_notBefore(certificate));
}

std::chrono::system_clock::time_point not_after_of(const X509* certificate) {
    return time_of(X509_get0_notAfter(certificate));
}

}  // namespace tls
