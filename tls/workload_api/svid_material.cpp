#include "tls/workload_api/svid_material.hpp"

#include "tls/error.hpp"
#include "tls/peer.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace tls::workload_api {

namespace {

constexpr std::size_t k_ids_shown_max = 8;
constexpr std::size_t k_id_bytes_shown_max = 200;

/// What an agent sent, for a sentence.
std::string shown(std::string_view text) {
    std::string readable;
    for (const char c : text.substr(0, k_id_bytes_shown_max)) {
        readable += c >= 0x20 && c < 0x7f ? c : '?';
    }
    return readable;
}

struct KeyInfoDelete {
    void operator()(PKCS8_PRIV_KEY_INFO* info) const noexcept { PKCS8_PRIV_KEY_INFO_free(info); }
};

/// Certificates one after the other, nothing between or behind them.
policy::Result<Certificates> read_certificates(std::string_view der, const std::string& name) {
    Certificates certificates;
    const auto* place = reinterpret_cast<const unsigned char*>(der.data());
    const unsigned char* const end = place + der.size();
    ERR_clear_error();
    while (place != end) {
        X509* const certificate = d2i_X509(nullptr, &place, end - place);
        if (certificate == nullptr) {
            return policy::failed<Certificates>(
                name + ": certificate " + std::to_string(certificates.size() + 1) +
                " cannot be read: " + take_openssl_errors("it is damaged")
            );
        }
        certificates.emplace_back(certificate);
        if (certificates.size() > k_certificates_max) {
            return policy::failed<Certificates>(
                name + ": more than " + std::to_string(k_certificates_max) + " certificates"
            );
        }
    }
    return certificates;
}

policy::Result<Owned<EVP_PKEY>> read_key(std::string_view der, const std::string& name) {
    const auto* place = reinterpret_cast<const unsigned char*>(der.data());
    const auto size = static_cast<long>(der.size());
    ERR_clear_error();
    const std::unique_ptr<PKCS8_PRIV_KEY_INFO, KeyInfoDelete> info(
        d2i_PKCS8_PRIV_KEY_INFO(nullptr, &place, size)
    );
    const bool is_whole =
        info != nullptr && place == reinterpret_cast<const unsigned char*>(der.data()) + size;
    Owned<EVP_PKEY> key(is_whole ? EVP_PKCS82PKEY(info.get()) : nullptr);
    if (key == nullptr) {
        // OpenSSL's reasons may quote what it read.
        ERR_clear_error();
        return policy::failed<Owned<EVP_PKEY>>(name + ": it is no PKCS#8 private key");
    }
    return key;
}

/// Null when no SVID is for us.
const SvidMessage* choose(
    const SvidResponse& response, const policy::Identity& self, const Naming& naming
) {
    const auto is_ours = [&](const SvidMessage& svid) {
        const auto identity = identity_of_uri(svid.spiffe_id, naming);
        return identity.has_value() && *identity == self;
    };
    const auto found = std::ranges::find_if(response.svids, is_ours);
    return found == response.svids.end() ? nullptr : &*found;
}

std::string no_svid_for(const SvidResponse& response, const policy::Identity& self) {
    std::string came;
    for (std::size_t i = 0; i < std::min(response.svids.size(), k_ids_shown_max); ++i) {
        came += (i == 0 ? "" : ", ") + shown(response.svids[i].spiffe_id);
    }
    if (response.svids.size() > k_ids_shown_max) {
        came += " and " + std::to_string(response.svids.size() - k_ids_shown_max) + " more";
    }
    return "the agent gives no SVID for " + self.uri() + ", but for " + came +
           "; register the workload under that ID, or correct the workload in the configuration";
}

/// "example.org" of "spiffe://example.org" and of "example.org"; both are in use as keys.
std::string_view trust_domain_of_key(std::string_view key) {
    constexpr std::string_view k_scheme = "spiffe://";
    return key.starts_with(k_scheme) ? key.substr(k_scheme.size()) : key;
}

/// What is wrong with the bundles of other trust domains, or nothing.
std::string add_federated(
    const SvidResponse& response, const std::string& ours, TrustBundles& bundles
) {
    std::size_t certificates = 0;
    for (const FederatedBundle& federated : response.federated_bundles) {
        const std::string trust_domain(trust_domain_of_key(federated.trust_domain));
        if (trust_domain.find('/') != std::string::npos ||
            policy::parse_spiffe_id("spiffe://" + trust_domain + "/x").has_error()) {
            return "a federated bundle is for \"" + shown(federated.trust_domain) +
                   "\", which is no trust domain";
        }
        // Ours came with the SVID, and an empty one vouches for nobody.
        if (trust_domain == ours || federated.certificates.empty()) {
            continue;
        }
        auto anchors =
            read_certificates(federated.certificates, "the federated bundle of " + trust_domain);
        if (!anchors) {
            return anchors.error();
        }
        certificates += anchors->size();
        if (certificates > k_certificates_max) {
            return "the federated bundles hold more than " + std::to_string(k_certificates_max) +
                   " certificates";
        }
        if (!bundles.emplace(trust_domain, std::move(*anchors)).second) {
            return "there are two federated bundles of " + trust_domain;
        }
    }
    return {};
}

}  // namespace

policy::Result<std::shared_ptr<const Material>> material_of(
    const SvidResponse& response,
    const policy::Identity& self,
    const Naming& naming,
    const std::string& name
) {
    using Failed = std::shared_ptr<const Material>;
    const std::string begin = name + ": ";
    const SvidMessage* const svid = choose(response, self, naming);
    if (svid == nullptr) {
        return policy::failed<Failed>(begin + no_svid_for(response, self));
    }
    const std::string of = " of " + shown(svid->spiffe_id);
    Credentials credentials;
    credentials.certificate_name = begin + "the certificate" + of;
    credentials.key_name = begin + "the key" + of;
    credentials.trust_bundle_name = begin + "the trust bundle" + of;
    auto chain = read_certificates(svid->certificates, credentials.certificate_name);
    if (!chain) {
        return policy::failed<Failed>(chain.error());
    }
    // So that nobody is taken for someone else because two fields of one message differ.
    if (chain->empty() ||
        uris_of(chain->front().get()) != std::vector{std::string(svid->spiffe_id)}) {
        return policy::failed<Failed>(
            credentials.certificate_name + ": the certificate itself " +
            (chain->empty() ? "is missing" : "names someone else")
        );
    }
    auto key = read_key(svid->key, credentials.key_name);
    if (!key) {
        return policy::failed<Failed>(key.error());
    }
    auto anchors = read_certificates(svid->bundle, credentials.trust_bundle_name);
    if (!anchors) {
        return policy::failed<Failed>(anchors.error());
    }
    credentials.chain = std::move(*chain);
    credentials.key = std::move(*key);
    credentials.trust_bundles.emplace(self.trust_domain, std::move(*anchors));
    if (std::string wrong = add_federated(response, self.trust_domain, credentials.trust_bundles);
        !wrong.empty()) {
        return policy::failed<Failed>(begin + std::move(wrong));
    }
    auto material = make_material(std::move(credentials), naming);
    // About other trust domains it knows no name that begins with ours.
    if (material.has_error() && !material.error().starts_with(begin)) {
        return policy::failed<Failed>(begin + material.error());
    }
    return material;
}

}  // namespace tls::workload_api
