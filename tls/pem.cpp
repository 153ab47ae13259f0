#include "tls/pem.hpp"

#include "tls/error.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <memory>

namespace tls {
namespace {

constexpr std::size_t k_certificates_max = 1'000;

struct BioDelete {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};

std::unique_ptr<BIO, BioDelete> reader_of(const std::string& text) {
    return std::unique_ptr<BIO, BioDelete>(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))
    );
}

/// Refuses to ask for a passphrase (OpenSSL's own callback would read the terminal).
int no_passphrase(char*, int, int, void*) noexcept {
    return -1;
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

}  // namespace

policy::Result<Certificates> parse_certificates(const std::string& text, const std::string& name) {
    Certificates certificates;
    const auto bio = reader_of(text);
    ERR_clear_error();
    while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
        certificates.emplace_back(certificate);
        if (certificates.size() > k_certificates_max) {
            return policy::failed<Certificates>(
                name + ": more than " + std::to_string(k_certificates_max) + " certificates"
            );
        }
    }
    // The end of the text is an error of its own; any other is a damaged block.
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        return policy::failed<Certificates>(
            name + ": certificate " + std::to_string(certificates.size() + 1) +
            " cannot be read: " + take_openssl_errors("it is damaged")
        );
    }
    ERR_clear_error();
    if (certificates.empty()) {
        return policy::failed<Certificates>(
            name + ": no PEM certificate in it (a block that begins with " +
            "-----BEGIN CERTIFICATE-----)"
        );
    }
    return certificates;
}

policy::Result<Owned<EVP_PKEY>> parse_key(const std::string& text, const std::string& name) {
    const auto bio = reader_of(text);
    ERR_clear_error();
    Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    if (key != nullptr) {
        return key;
    }
    // OpenSSL's own reasons differ from decoder to decoder, so look at the text.
    const bool has_block = text.find("PRIVATE KEY-----") != std::string::npos;
    const bool is_encrypted = text.find("ENCRYPTED") != std::string::npos;
    const std::string why = take_openssl_errors("it is damaged");
    if (is_encrypted) {
        return policy::failed<Owned<EVP_PKEY>>(
            name + ": the private key is encrypted; Smilax needs it without a passphrase"
        );
    }
    if (!has_block) {
        return policy::failed<Owned<EVP_PKEY>>(
            name + ": no PEM private key in it (a block that begins with " +
            "-----BEGIN PRIVATE KEY-----)"
        );
    }
    return policy::failed<Owned<EVP_PKEY>>(name + ": the private key cannot be read: " + why);
}

std::string pem_of(const X509* certificate) {
    const std::unique_ptr<BIO, BioDelete> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate);
    return text_of(bio.get());
}

std::string pem_of(const EVP_PKEY* key) {
    const std::unique_ptr<BIO, BioDelete> bio(BIO_new(BIO_s_secmem()));
    PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(bio.get());
}

}  // namespace tls
