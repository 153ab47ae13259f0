#include "tls/authority.hpp"

#include "tls/error.hpp"
#include "tls/peer.hpp"
#include "tls/pem.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace tls {
namespace {

using Clock = std::chrono::system_clock;

/// Clocks of one mesh differ; a fresh certificate must be valid on all of them.
constexpr std::chrono::minutes k_backdate{5};

template <class T>
policy::Result<T> refused(std::string sentence) {
    return policy::failed<T>(std::move(sentence));
}

/// A request for a certificate that ends after `lifetime`, but not after `signer` does.
CertificateRequest request_for(
    std::string uri, std::chrono::seconds lifetime, const X509* signer = nullptr
) {
    const auto now = Clock::now();
    CertificateRequest request;
    request.uri = std::move(uri);
    request.not_after = now + lifetime;
    if (signer != nullptr) {
        request.not_after = std::min<Clock::time_point>(request.not_after, not_after_of(signer));
    }
    request.not_before = std::min(now, request.not_after) - k_backdate;
    return request;
}

Owned<X509> shared(X509* certificate) {
    X509_up_ref(certificate);
    return Owned<X509>(certificate);
}

/// The trust domain that a root's one URI SAN names: spiffe://TRUST-DOMAIN; empty for none.
std::string named_by(X509* root) {
    const auto uris = uris_of(root);
    constexpr std::string_view scheme = "spiffe://";
    const bool is_named = uris.size() == 1 && uris.front().starts_with(scheme) &&
                          uris.front().find('/', scheme.size()) == std::string::npos;
    return is_named ? uris.front().substr(scheme.size()) : "";
}

}  // namespace

policy::Result<Authority> Authority::make(
    const std::string& trust_domain, KeyKind kind, std::chrono::seconds lifetime
) {
    const policy::Identity example{trust_domain, "default", "default"};
    const auto parsed = policy::parse_identity(example.uri());
    if (!parsed) {
        return refused<Authority>("trust domain \"" + trust_domain + "\": " + parsed.error());
    }
    ERR_clear_error();
    CertificateRequest request = request_for("spiffe://" + trust_domain, lifetime);
    request.common_name = "Smilax development CA";
    request.organization = trust_domain;
    request.authority = IsAuthority::root;
    Authority authority;
    authority.trust_domain_ = trust_domain;
    authority.signer_key_ = generate_key(kind);
    if (authority.signer_key_ != nullptr) {
        authority.signer_certificate_ =
            make_certificate(authority.signer_key_.get(), request, nullptr);
    }
    if (authority.signer_certificate_ == nullptr) {
        return refused<Authority>("cannot make a CA: " + take_openssl_errors("no reason given"));
    }
    authority.roots_.push_back(shared(authority.signer_certificate_.get()));
    authority.root_.certificate = pem_of(authority.signer_certificate_.get());
    authority.root_.key = pem_of(authority.signer_key_.get());
    return authority;
}

policy::Result<Authority> Authority::parse(
    const Issued& root, const std::string& certificate_name, const std::string& key_name
) {
    AuthorityPem pem;
    pem.root = root;
    pem.root_certificate_name = certificate_name;
    pem.root_key_name = key_name;
    return parse(pem);
}

policy::Result<Authority> Authority::parse(const AuthorityPem& pem) {
    auto roots = parse_certificates(pem.root.certificate, pem.root_certificate_name);
    if (!roots) {
        return refused<Authority>(roots.error());
    }
    Authority authority;
    authority.roots_ = std::move(*roots);
    authority.root_ = pem.root;
    const bool has_intermediate = !pem.intermediate.certificate.empty();
    auto used = has_intermediate ? authority.use_intermediate(pem) : authority.use_root_key(pem);
    if (!used) {
        return refused<Authority>(used.error());
    }
    authority.trust_domain_ = named_by(authority.roots_[authority.signing_root_].get());
    if (authority.trust_domain_.empty()) {
        return refused<Authority>(
            pem.root_certificate_name +
            ": names no trust domain (one URI SAN spiffe://TRUST-DOMAIN); make "
            "a CA with `smilax identity init`"
        );
    }
    return authority;
}

policy::Result<void> Authority::use_root_key(const AuthorityPem& pem) {
    auto key = parse_key(pem.root.key, pem.root_key_name);
    if (!key) {
        return key.error();
    }
    signer_key_ = std::move(*key);
    const auto found = std::find_if(roots_.begin(), roots_.end(), [this](const auto& root) {
        return X509_check_private_key(root.get(), signer_key_.get()) == 1;
    });
    ERR_clear_error();
    if (found == roots_.end()) {
        return pem.root_key_name + ": does not belong to " + pem.root_certificate_name;
    }
    signing_root_ = static_cast<std::size_t>(found - roots_.begin());
    signer_certificate_ = shared(found->get());
    return check_signer(pem.root_certificate_name);
}

policy::Result<void> Authority::use_intermediate(const AuthorityPem& pem) {
    const std::string& name = pem.intermediate_certificate_name;
    auto certificates = parse_certificates(pem.intermediate.certificate, name);
    if (!certificates) {
        return certificates.error();
    }
    auto key = parse_key(pem.intermediate.key, pem.intermediate_key_name);
    if (!key) {
        return key.error();
    }
    signer_certificate_ = std::move(certificates->front());
    signer_key_ = std::move(*key);
    if (X509_check_private_key(signer_certificate_.get(), signer_key_.get()) != 1) {
        ERR_clear_error();
        return pem.intermediate_key_name + ": does not belong to " + name;
    }
    const auto found = std::find_if(roots_.begin(), roots_.end(), [this](const auto& root) {
        EVP_PKEY* root_key = X509_get0_pubkey(root.get());
        return root_key != nullptr && X509_verify(signer_certificate_.get(), root_key) == 1;
    });
    ERR_clear_error();
    if (found == roots_.end()) {
        return name + ": was signed by no root of " + pem.root_certificate_name;
    }
    signing_root_ = static_cast<std::size_t>(found - roots_.begin());
    intermediate_ = pem.intermediate;
    return check_signer(name);
}

policy::Result<void> Authority::check_signer(const std::string& name) {
    for (X509* certificate : {signer_certificate_.get(), roots_[signing_root_].get()}) {
        if (X509_check_ca(certificate) != 1) {
            return name + ": is no CA certificate";
        }
        if (not_after_of(certificate) <= Clock::now()) {
            return name +
                   ": this CA has expired; make a new one with `smilax identity init --force`";
        }
    }
    return {};
}

policy::Result<Authority> Authority::make_intermediate(KeyKind kind, std::chrono::seconds lifetime)
    const {
    if (root_.key.empty()) {
        return refused<Authority>("the root's key was put away, and only it makes intermediates");
    }
    auto made = parse(root_, "root certificate", "root key");
    if (!made) {
        return made;
    }
    ERR_clear_error();
    X509* root = made->signer_certificate_.get();
    CertificateRequest request = request_for("spiffe://" + trust_domain_, lifetime, root);
    request.common_name = "Smilax development intermediate CA";
    request.organization = trust_domain_;
    request.authority = IsAuthority::intermediate;
    Owned<EVP_PKEY> key = generate_key(kind);
    const Signer signer{root, made->signer_key_.get()};
    Owned<X509> certificate = key ? make_certificate(key.get(), request, &signer) : nullptr;
    if (certificate == nullptr) {
        return refused<Authority>(
            "cannot make an intermediate CA: " + take_openssl_errors("no reason given")
        );
    }
    made->intermediate_ = {pem_of(certificate.get()), pem_of(key.get())};
    made->signer_certificate_ = std::move(certificate);
    made->signer_key_ = std::move(key);
    return made;
}

policy::Result<Issued> Authority::issue(
    const policy::Identity& identity,
    std::chrono::seconds lifetime,
    KeyKind kind,
    std::vector<std::string> dns_names
) const {
    const auto parsed = policy::parse_identity(identity.uri());
    if (!parsed) {
        return refused<Issued>(identity.uri() + ": " + parsed.error());
    }
    if (identity.trust_domain != trust_domain_) {
        return refused<Issued>(
            identity.uri() + ": this CA signs for trust domain " + trust_domain_ + " only"
        );
    }
    ERR_clear_error();
    CertificateRequest request = request_for(identity.uri(), lifetime, signer_certificate_.get());
    request.dns_names = std::move(dns_names);
    const Owned<EVP_PKEY> key = generate_key(kind);
    const Signer signer{signer_certificate_.get(), signer_key_.get()};
    const Owned<X509> certificate = key ? make_certificate(key.get(), request, &signer) : nullptr;
    if (certificate == nullptr) {
        return refused<Issued>(
            "cannot issue " + identity.uri() + ": " + take_openssl_errors("no reason given")
        );
    }
    Issued issued;
    issued.certificate = pem_of(certificate.get()) + intermediate_.certificate;
    issued.key = pem_of(key.get());
    return issued;
}

std::chrono::seconds lifetime_of(const X509* issued) {
    return std::chrono::duration_cast<std::chrono::seconds>(
        not_after_of(issued) - not_before_of(issued) - k_backdate
    );
}

KeyKind Authority::key_kind() const {
    return kind_of_key(roots_[signing_root_].get());
}

std::string Authority::signing_root() const {
    return pem_of(roots_[signing_root_].get());
}

}  // namespace tls
