// `smilax identity show`.
#include "proxy/command/identity.hpp"
#include "proxy/command/text_file.hpp"
#include "tls/describe.hpp"
#include "tls/pem.hpp"

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <filesystem>
#include <ostream>
#include <string>
#include <utility>

namespace proxy::command {
namespace {

namespace json = boost::json;
using Clock = std::chrono::system_clock;

constexpr std::size_t k_pem_bytes_max = 1024 * 1024;

/// What one file came to.
struct Shown {
    std::string file;
    std::vector<tls::CertificateFacts> certificates;
    bool is_trust_bundle = false;  // holds CA certificates only
    std::string trust_bundle;      // the file it was held against; empty for none
    std::string objection;         // empty: accepted
};

std::string text_of(Clock::time_point time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(Clock::to_time_t(time)));
}

std::string remaining(Clock::time_point end) {
    const auto left = std::chrono::duration_cast<std::chrono::minutes>(end - Clock::now());
    if (left.count() < 0) {
        return "over";
    }
    const auto hours = left.count() / 60;
    return hours >= 48 ? fmt::format("{} days left", hours / 24)
                       : fmt::format("{} h {} min left", hours, left.count() % 60);
}

policy::Result<tls::Certificates> read_certificates(const std::string& file) {
    auto text = read_text_file(file, k_pem_bytes_max);
    if (!text) {
        return policy::failed<tls::Certificates>(file + ": " + text.error());
    }
    return tls::parse_certificates(*text, file);
}

std::string bundle_beside(const std::string& file) {
    const auto beside = std::filesystem::path(file).parent_path() / "ca.crt";
    std::error_code ignored;
    return std::filesystem::exists(beside, ignored) ? beside.string() : "";
}

/// A root or a bundle is no peer: what counts is that every certificate is a CA and still valid.
std::string objection_to_bundle(const std::vector<tls::CertificateFacts>& certificates) {
    for (const auto& facts : certificates) {
        if (facts.not_after <= Clock::now()) {
            return "it holds a CA that has expired: " + facts.subject;
        }
    }
    return {};
}

Shown examine(const std::string& file, const IdentityShowOptions& options) {
    Shown shown;
    shown.file = file;
    const auto chain = read_certificates(file);
    if (!chain) {
        shown.objection = chain.error();
        return shown;
    }
    shown.is_trust_bundle = true;
    for (const auto& certificate : *chain) {
        shown.certificates.push_back(tls::facts_of(certificate.get()));
        shown.is_trust_bundle = shown.is_trust_bundle && shown.certificates.back().is_ca;
    }
    if (shown.is_trust_bundle) {
        shown.objection = objection_to_bundle(shown.certificates);
        return shown;
    }
    shown.trust_bundle = options.trust_bundle.empty() ? bundle_beside(file) : options.trust_bundle;
    tls::TrustBundles bundles;
    std::string trust_domain = tls::trust_domain_of(chain->front().get());
    if (!shown.trust_bundle.empty()) {
        auto bundle = read_certificates(shown.trust_bundle);
        if (!bundle) {
            shown.objection = bundle.error();
            return shown;
        }
        // A root need not name its trust domain; then the leaf's own is all there is to go by.
        const std::string named = tls::trust_domain_of(bundle->front().get());
        trust_domain = named.empty() ? trust_domain : named;
        trust_domain = options.trust_domain.empty() ? trust_domain : options.trust_domain;
        bundles.emplace(trust_domain, std::move(*bundle));
    }
    if (!options.trust_domain.empty()) {
        trust_domain = options.trust_domain;
    }
    shown.objection = tls::objection_to_peer(*chain, bundles, trust_domain);
    return shown;
}

void print_certificate(const tls::CertificateFacts& facts, std::ostream& output) {
    const std::string uris = fmt::format("{}", fmt::join(facts.uris, ", "));
    output << fmt::format("  {}\n", facts.is_ca ? "CA certificate" : "certificate");
    output << fmt::format("    URI SAN   {}\n", uris.empty() ? "none" : uris);
    output << fmt::format("    subject   {}\n", facts.subject.empty() ? "none" : facts.subject);
    output << fmt::format("    issuer    {}\n", facts.issuer.empty() ? "none" : facts.issuer);
    output << fmt::format("    serial    {}\n", facts.serial);
    output << fmt::format("    key       {}\n", facts.key);
    output << fmt::format(
        "    validity  {} to {} ({})\n",
        text_of(facts.not_before),
        text_of(facts.not_after),
        remaining(facts.not_after)
    );
}

std::string judgement(const Shown& shown) {
    if (shown.is_trust_bundle) {
        return shown.objection.empty() ? "usable as a trust bundle"
                                       : "not usable as a trust bundle: " + shown.objection;
    }
    if (!shown.objection.empty()) {
        return "Smilax would not accept it: " + shown.objection;
    }
    if (shown.trust_bundle.empty()) {
        return "Smilax would accept it, if it verifies: no trust bundle was given (--trust-bundle)";
    }
    return "Smilax accepts it, verified against " + shown.trust_bundle;
}

void print_text(const Shown& shown, std::ostream& output) {
    output << shown.file << '\n';
    for (const auto& facts : shown.certificates) {
        print_certificate(facts, output);
    }
    output << "  " << judgement(shown) << '\n';
}

json::object json_of(const Shown& shown) {
    json::array certificates;
    for (const auto& facts : shown.certificates) {
        json::object object;
        object["uris"] = json::array(facts.uris.begin(), facts.uris.end());
        object["subject"] = facts.subject;
        object["issuer"] = facts.issuer;
        object["serial"] = facts.serial;
        object["key"] = facts.key;
        object["isCa"] = facts.is_ca;
        object["notBefore"] = text_of(facts.not_before);
        object["notAfter"] = text_of(facts.not_after);
        certificates.push_back(std::move(object));
    }
    json::object object;
    object["file"] = shown.file;
    object["certificates"] = std::move(certificates);
    object["isTrustBundle"] = shown.is_trust_bundle;
    object["trustBundle"] =
        shown.trust_bundle.empty() ? json::value(nullptr) : json::value(shown.trust_bundle);
    object["accepted"] = shown.objection.empty();
    object["objection"] =
        shown.objection.empty() ? json::value(nullptr) : json::value(shown.objection);
    return object;
}

}  // namespace

int run_identity_show(const IdentityShowOptions& options, const IdentityStreams& streams) {
    json::array files;
    bool are_accepted = true;
    for (const std::string& file : options.files) {
        const Shown shown = examine(file, options);
        are_accepted = are_accepted && shown.objection.empty();
        if (options.as_json) {
            files.push_back(json_of(shown));
        } else {
            print_text(shown, streams.output);
        }
    }
    if (options.as_json) {
        json::object document;
        document["files"] = std::move(files);
        streams.output << json::serialize(document) << '\n';
    }
    return are_accepted ? 0 : 1;
}

}  // namespace proxy::command
