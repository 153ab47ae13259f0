// Any text as a PEM file, in each place where one is read: it never crashes, what is read can be
// written and read again, a refusal is one line that begins with the name of the file, and nothing
// that does not fit becomes an identity.
#include "tests/tls/certificate_recipe.hpp"

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

struct World {
    Authority authority = testing::value_of(Authority::make(testing::k_trust_domain));
    Issued issued = testing::value_of(authority.issue(testing::identity("shop", "web")));
    PemText good = testing::pem_text(issued, authority.root().certificate);
};

void require_sentence(const std::string& sentence, const std::string& name) {
    require(sentence.starts_with(name + ": ") && sentence.find('\n') == std::string::npos);
}

/// True when there are certificates in it.
bool read_alone(const std::string& text) {
    const auto certificates = parse_certificates(text, "file");
    if (certificates) {
        require(!certificates->empty());
        std::string again;
        for (const auto& certificate : *certificates) {
            again += pem_of(certificate.get());
        }
        const auto read_again = parse_certificates(again, "again");
        require(read_again && read_again->size() == certificates->size());
    } else {
        require_sentence(certificates.error(), "file");
    }
    const auto key = parse_key(text, "file");
    if (!key) {
        require_sentence(key.error(), "file");
    }
    return certificates.has_value();
}

/// In the place of one file of a good set.
void read_among(const World& world, std::string PemText::* part, const std::string& text) {
    PemText pem = world.good;
    pem.*part = text;
    const auto material = parse_material(pem, testing::k_trust_domain);
    // Keys and signatures were made a moment ago: no other text fits them.
    require(!material || text.find(world.good.*part) != std::string::npos);
}

void read_as_bundle_of_another_domain(const World& world, const std::string& text) {
    PemText pem = world.good;
    pem.federated = {{"other.example", text, "other"}};
    const auto material = parse_material(pem, testing::k_trust_domain);
    require(!material || (*material)->trust_bundles.size() == 2);
}

/// A credential bundle that holds everything.
void read_as_all(const std::string& text) {
    const auto material =
        parse_material(testing::pem_text(text, text, text), testing::k_trust_domain);
    if (material) {
        require((*material)->self.trust_domain == testing::k_trust_domain);
        require(X509_check_private_key((*material)->leaf.get(), (*material)->key.get()) == 1);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const World world;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const bool has_certificates = read_alone(text);
    read_among(world, &PemText::key, text);
    if (!has_certificates) {
        return 0;  // no other place takes it, and reading keys again and again takes long
    }
    read_among(world, &PemText::certificate, text);
    read_among(world, &PemText::trust_bundle, text);
    read_as_bundle_of_another_domain(world, text);
    read_as_all(text);
    return 0;
}
