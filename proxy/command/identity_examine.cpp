#include "proxy/command/identity_examine.hpp"

#include "proxy/command/identity_files.hpp"
#include "proxy/command/text_file.hpp"
#include "tls/file_sets.hpp"
#include "tls/pem.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace proxy::command {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::system_clock;

/// A file, its certificates, and what belongs to it.
struct Subject {
    std::string file;
    std::string key;           // empty: none
    std::string trust_bundle;  // empty: none
};

policy::Result<std::string> read_bytes(const std::string& file) {
    auto text = read_text_file(file, k_pem_bytes_max);
    return text ? text : policy::failed<std::string>(file + ": " + text.error());
}

/// A root or a bundle is no peer: what counts is that every certificate is a CA and still valid.
std::string objection_to_bundle(const std::vector<tls::CertificateFacts>& certificates) {
    for (const auto& facts : certificates) {
        if (facts.not_after <= Clock::now()) {
            return "it holds a CA that has expired: " + facts.subject;
        }
        if (facts.not_before > Clock::now()) {
            return "it holds a CA that is not valid yet: " + facts.subject;
        }
    }
    return {};
}

std::string objection_to_key(X509* leaf, const std::string& text, const std::string& file) {
    const auto key = tls::parse_key(text, file);
    if (!key) {
        return key.error();
    }
    const bool is_its_own = X509_check_private_key(leaf, key->get()) == 1;
    ERR_clear_error();
    return is_its_own ? "" : file + ": does not belong to the first certificate";
}

void judge_key(Shown& shown, const Subject& subject, X509* leaf, const std::string& bytes) {
    const bool is_in_it = bytes.find("PRIVATE KEY-----") != std::string::npos;
    shown.key = is_in_it ? subject.file : subject.key;
    if (shown.key.empty()) {
        return;
    }
    const auto text = is_in_it ? policy::Result<std::string>(boost::system::in_place_value, bytes)
                               : read_bytes(shown.key);
    shown.key_objection = text ? objection_to_key(leaf, *text, shown.key) : text.error();
}

/// What a sidecar with this trust bundle would know; the error says why there is none.
policy::Result<tls::Judge> judge_of(
    const Subject& subject, X509* leaf, const IdentityShowOptions& options
) {
    tls::Judge judge;
    tls::Certificates anchors;
    judge.naming.trust_domain = tls::trust_domain_of(leaf);
    if (!subject.trust_bundle.empty()) {
        const auto bytes = read_bytes(subject.trust_bundle);
        if (!bytes) {
            return policy::failed<tls::Judge>(bytes.error());
        }
        auto bundle = tls::parse_pem_or_der(*bytes, subject.trust_bundle);
        if (!bundle) {
            return policy::failed<tls::Judge>(bundle.error());
        }
        anchors = std::move(*bundle);
        // A root need not name its trust domain; then the leaf's own is all there is to go by.
        const std::string named = tls::trust_domain_of(anchors.front().get());
        judge.naming.trust_domain = named.empty() ? judge.naming.trust_domain : named;
    }
    if (!options.trust_domain.empty()) {
        judge.naming.trust_domain = options.trust_domain;
    }
    if (!anchors.empty()) {
        judge.trust_bundles.emplace(judge.naming.trust_domain, std::move(anchors));
    }
    return judge;
}

Shown examine_file(const Subject& subject, const IdentityShowOptions& options) {
    Shown shown;
    shown.file = subject.file;
    const auto bytes = read_bytes(subject.file);
    if (!bytes) {
        shown.failure = bytes.error();
        return shown;
    }
    const auto chain = tls::parse_pem_or_der(*bytes, subject.file);
    if (!chain) {
        shown.failure = chain.error();
        return shown;
    }
    shown.is_trust_bundle = true;
    for (const auto& certificate : *chain) {
        shown.certificates.push_back(tls::facts_of(certificate.get()));
        shown.is_trust_bundle = shown.is_trust_bundle && shown.certificates.back().is_ca;
    }
    if (shown.is_trust_bundle) {
        shown.client_objection = objection_to_bundle(shown.certificates);
        shown.server_objection = shown.client_objection;
        return shown;
    }
    X509* leaf = chain->front().get();
    judge_key(shown, subject, leaf, *bytes);
    if (!shown.key_objection.empty()) {
        shown.client_objection = shown.key_objection;
        shown.server_objection = shown.key_objection;
        return shown;
    }
    const auto judge = judge_of(subject, leaf, options);
    if (!judge) {
        shown.failure = judge.error();
        return shown;
    }
    shown.trust_bundle = subject.trust_bundle;
    shown.client_objection = tls::objection_to_peer(*chain, tls::PeerRole::client, *judge);
    shown.server_objection = tls::objection_to_peer(*chain, tls::PeerRole::server, *judge);
    return shown;
}

bool is_there(const std::string& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

/// The files of an identity, else those of a CA; the error says what was looked for.
policy::Result<std::vector<Subject>> subjects_in(
    const std::string& directory, const IdentityShowOptions& options
) {
    std::vector<Subject> subjects;
    const tls::IdentityFiles files = tls::identity_files_in(directory);
    if (files.options) {
        const tls::FileSourceOptions& set = *files.options;
        const bool is_named = !options.trust_bundle.empty();
        const std::string trust_bundle = is_named ? options.trust_bundle : set.trust_bundle;
        const bool is_bundle = !set.credential_bundle.empty();
        const std::string& certificate = is_bundle ? set.credential_bundle : set.certificate;
        subjects.push_back({certificate, is_bundle ? "" : set.key, trust_bundle});
        if (!trust_bundle.empty()) {
            subjects.push_back({trust_bundle, "", ""});
        }
        return subjects;
    }
    if (!files.half.empty()) {
        return policy::failed<std::vector<Subject>>("it has " + files.half);
    }
    for (const char* name : {"ca.crt", "intermediate.crt"}) {
        if (const std::string path = path_in(directory, name); is_there(path)) {
            subjects.push_back({path, "", ""});
        }
    }
    return subjects.empty()
               ? policy::failed<std::vector<Subject>>(tls::find_file_set({directory}, "").error())
               : policy::Result<std::vector<Subject>>(std::move(subjects));
}

}  // namespace

Verdict Shown::verdict_on(const std::string& objection) const {
    if (!failure.empty() || !objection.empty()) {
        return Verdict::refused;
    }
    return is_trust_bundle || trust_bundle.empty() ? Verdict::unknown : Verdict::accepted;
}

Verdict Shown::verdict() const {
    const bool is_refused =
        !failure.empty() || !client_objection.empty() || !server_objection.empty();
    if (is_refused) {
        return Verdict::refused;
    }
    return is_trust_bundle ? Verdict::accepted : verdict_on("");
}

std::vector<Shown> examine(const std::string& argument, const IdentityShowOptions& options) {
    std::vector<Shown> all;
    std::error_code ignored;
    if (!fs::is_directory(argument, ignored)) {
        const tls::Companions beside = tls::companions_of(argument);
        const bool is_named = !options.trust_bundle.empty();
        all.push_back(examine_file(
            {argument, beside.key, is_named ? options.trust_bundle : beside.trust_bundle}, options
        ));
        return all;
    }
    const auto subjects = subjects_in(argument, options);
    if (!subjects) {
        Shown& shown = all.emplace_back();
        shown.file = argument;
        shown.failure = subjects.error();
        return all;
    }
    for (const Subject& subject : *subjects) {
        all.push_back(examine_file(subject, options));
    }
    return all;
}

}  // namespace proxy::command
