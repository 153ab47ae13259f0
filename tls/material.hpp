// Our certificate, key and trust bundle, checked to belong together.
#pragma once

#include "policy/identity.hpp"
#include "policy/result.hpp"
#include "tls/chain.hpp"
#include "tls/naming.hpp"
#include "tls/owned.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace tls {

/// One generation of identity: immutable, shared between the control thread and the workers.
struct Material {
    policy::Identity self;
    Owned<X509> leaf;
    Certificates intermediates;
    Owned<EVP_PKEY> key;
    TrustBundles trust_bundles;
    Trust trust;  // made of the bundles
    /// Until when peers that trust what we trust accept us: the first end in our chain, which may
    /// be that of an intermediate or of the anchor.
    std::chrono::system_clock::time_point not_after;
    /// Fingerprint of the trust bundles: sessions resume only under an equal one.
    std::string trust_generation;
};

/// What a source has got hold of.
struct Credentials {
    Certificates chain;  // leaf first, then intermediates
    Owned<EVP_PKEY> key;
    TrustBundles trust_bundles;
    // Where each came from, for the sentences of errors.
    std::string certificate_name;
    std::string key_name;
    std::string trust_bundle_name;  // of our own trust domain
    std::string way_out;            // ends the sentence about a certificate that will not do
};

/// Checks all: there is a leaf, the key is the leaf's, the leaf is a valid X.509-SVID of a service
/// account of our own trust domain now (SPIFFE X509-SVID §4, §5), the chain leads to an anchor of
/// it, bundles hold CA certificates only. The error names the file and says what to do.
[[nodiscard]] policy::Result<std::shared_ptr<const Material>> make_material(
    Credentials credentials, const Naming& naming
);

/// The trust bundle of another trust domain.
struct FederatedPem {
    std::string trust_domain;
    std::string text;
    std::string name;  // where it came from
};

/// Overwrites the key when it goes; a credential bundle has one in `certificate` as well.
struct PemText {
    ~PemText();

    std::string certificate;   // leaf first, then intermediates
    std::string key;           // PKCS#8 or traditional, unencrypted
    std::string trust_bundle;  // anchors in any order
    std::vector<FederatedPem> federated = {};
    // Where each came from, for the sentences of errors.
    std::string certificate_name;
    std::string key_name;
    std::string trust_bundle_name;
};

/// make_material of what PEM files say.
[[nodiscard]] policy::Result<std::shared_ptr<const Material>> parse_material(
    const PemText& pem, const Naming& naming
);

}  // namespace tls
