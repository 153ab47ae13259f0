// Any bytes as the subjectAltName of a leaf that is good otherwise, and as a whole certificate: it
// never crashes, and whoever is named is named by the only URI, byte by byte, or, where names for
// migration are admitted, by a DNS name that says nothing else.
#include "tests/tls/certificate_recipe.hpp"
#include "tls/proof.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace tls;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

Owned<X509> leaf_without_san() {
    testing::Recipe recipe;
    recipe.san_extensions = 0;
    return std::move(testing::bake(recipe, nullptr).certificate);
}

struct World {
    World() {
        using Kind = NameForm::Kind;
        const NameForm linkerd{Kind::linkerd, "linkerd"};
        migrating = Naming(
            testing::k_trust_domain,
            {NameForm{}, NameForm{Kind::osm_spiffe}, NameForm{Kind::osm}, linkerd}
        );
    }
    Owned<X509> leaf = leaf_without_san();
    Naming spiffe{testing::k_trust_domain};
    Naming migrating;
    Authority authority = testing::value_of(Authority::make(testing::k_trust_domain));
    Trust trust = testing::trust_of(authority.root().certificate);
};

/// Read by hand, so that what judges does not judge itself.
std::vector<std::string> names_of(X509* certificate, int type) {
    std::vector<std::string> found;
    auto* names = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)
    );
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        int kind = 0;
        const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &kind);
        if (kind == type) {
            const auto* text = static_cast<const ASN1_STRING*>(value);
            found.emplace_back(
                reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                static_cast<std::size_t>(ASN1_STRING_length(text))
            );
        }
    }
    GENERAL_NAMES_free(names);
    return found;
}

void judge(const World& world, X509* certificate) {
    const auto uris = names_of(certificate, GEN_URI);
    const auto shown = uris_of(certificate);
    require(shown.size() == uris.size());
    for (const std::string& text : shown) {
        require(std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; }));
    }
    const auto strict = identity_of(certificate, world.spiffe);
    require(strict ? uris.size() == 1 && strict->uri() == uris.front() : !strict.error().empty());
    const auto lenient = identity_of(certificate, world.migrating);
    if (lenient && uris.empty()) {
        const std::string begin = lenient->service_account + "." + lenient->name_space + ".";
        const auto dns_names = names_of(certificate, GEN_DNS);
        require(lenient->trust_domain == world.migrating.trust_domain && lenient->path.empty());
        require(std::ranges::any_of(dns_names, [&](const std::string& name) {
            return name == begin + "cluster.local" ||
                   name == begin + "serviceaccount.identity.linkerd.cluster.local";
        }));
    }
    // What a name may be in one form it may not be in another.
    require(!strict || !lenient || strict->path.size() > 0 || *strict == *lenient);
    // Nobody has signed it.
    Certificates chain;
    chain.push_back(testing::share(certificate));
    const auto presented = stack_of(chain);
    require(!prove_peer(presented.get(), PeerRole::client, world.trust, Clock::now()));
    ERR_clear_error();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const World world;
    const unsigned char* at = data;
    const Owned<X509> whole(d2i_X509(nullptr, &at, static_cast<long>(size)));
    if (whole != nullptr) {
        judge(world, whole.get());
    }
    const Owned<X509> leaf(X509_dup(world.leaf.get()));
    ASN1_OCTET_STRING* value = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(value, data, static_cast<int>(size));
    X509_EXTENSION* extension =
        X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, value);
    X509_add_ext(leaf.get(), extension, -1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    judge(world, leaf.get());
    ERR_clear_error();
    return 0;
}
