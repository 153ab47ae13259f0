// `smilax identity show`: prints what identity_examine found.
#include "proxy/command/identity.hpp"
#include "proxy/command/identity_examine.hpp"
#include "proxy/command/identity_values.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>
#include <string>
#include <utility>

namespace proxy::command {
namespace {

namespace json = boost::json;
using Clock = std::chrono::system_clock;

constexpr int k_usage = 2;

std::string remaining(Clock::time_point end) {
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(end - Clock::now());
    if (left.count() <= 0) {
        return "over";
    }
    const auto minutes = left.count() / 60;
    if (minutes < 2) {
        return fmt::format("{} s left", left.count());
    }
    const auto hours = minutes / 60;
    return hours >= 48 ? fmt::format("{} days left", hours / 24)
                       : fmt::format("{} h {} min left", hours, minutes % 60);
}

std::string listed(const std::vector<std::string>& names) {
    return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

void print_certificate(const tls::CertificateFacts& facts, std::ostream& output) {
    output << fmt::format("  {}\n", facts.is_ca ? "CA certificate" : "certificate");
    output << fmt::format("    URI SAN   {}\n", listed(facts.uris));
    if (!facts.other_names.empty()) {
        output << fmt::format("    other SAN {}\n", listed(facts.other_names));
    }
    output << fmt::format("    subject   {}\n", facts.subject.empty() ? "none" : facts.subject);
    output << fmt::format("    issuer    {}\n", facts.issuer.empty() ? "none" : facts.issuer);
    output << fmt::format("    serial    {}\n", facts.serial);
    output << fmt::format("    key       {}\n", facts.key);
    output << fmt::format(
        "    validity  {} to {} ({})\n",
        timestamp(facts.not_before),
        timestamp(facts.not_after),
        remaining(facts.not_after)
    );
}

constexpr const char* k_no_trust_bundle =
    "there is no trust bundle to verify it against; name one with --trust-bundle";

std::string judgement_of_role(const char* role, const Shown& shown, const std::string& objection) {
    switch (shown.verdict_on(objection)) {
        case Verdict::accepted:
            return fmt::format("{}: accepted", role);
        case Verdict::refused:
            return fmt::format("{}: refused, {}", role, objection);
        case Verdict::unknown:
            break;
    }
    return fmt::format("{}: unknown, {}", role, k_no_trust_bundle);
}

std::string judgement(const Shown& shown) {
    const std::string& objection = shown.client_objection;
    if (!shown.failure.empty()) {
        return shown.failure;
    }
    if (shown.is_trust_bundle) {
        return objection.empty() ? "usable as a trust bundle"
                                 : "not usable as a trust bundle: " + objection;
    }
    if (objection != shown.server_objection) {
        return judgement_of_role("as a client", shown, objection) + "\n  " +
               judgement_of_role("as a server", shown, shown.server_objection);
    }
    if (!objection.empty()) {
        return "Smilax would not accept it, as a client or as a server: " + objection;
    }
    if (shown.trust_bundle.empty()) {
        return fmt::format("whether Smilax accepts it is unknown: {}", k_no_trust_bundle);
    }
    return "Smilax accepts it, as a client and as a server, verified against " + shown.trust_bundle;
}

void print_text(const Shown& shown, std::ostream& output) {
    output << shown.file << '\n';
    for (const auto& facts : shown.certificates) {
        print_certificate(facts, output);
    }
    // What stands against the key is the judgement.
    if (!shown.key.empty() && shown.key_objection.empty() && shown.failure.empty()) {
        output << "  the private key belongs to it: " << shown.key << '\n';
    }
    output << "  " << judgement(shown) << '\n';
}

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object json_of(const tls::CertificateFacts& facts) {
    const auto left =
        std::chrono::duration_cast<std::chrono::seconds>(facts.not_after - Clock::now());
    json::object object;
    object["uris"] = json::array(facts.uris.begin(), facts.uris.end());
    object["otherNames"] = json::array(facts.other_names.begin(), facts.other_names.end());
    object["subject"] = facts.subject;
    object["issuer"] = facts.issuer;
    object["serial"] = facts.serial;
    object["key"] = facts.key;
    object["isCa"] = facts.is_ca;
    object["notBefore"] = timestamp(facts.not_before);
    object["notAfter"] = timestamp(facts.not_after);
    object["secondsLeft"] = left.count();
    return object;
}

json::value json_of(Verdict verdict) {
    return verdict == Verdict::unknown ? json::value(nullptr)
                                       : json::value(verdict == Verdict::accepted);
}

json::object judgement_json(const Shown& shown, const std::string& objection) {
    const std::string& why = shown.failure.empty() ? objection : shown.failure;
    json::object object;
    object["accepted"] = json_of(shown.verdict_on(objection));
    object["objection"] = text_or_null(why);
    return object;
}

/// The first thing that stands against the file, whatever it is.
std::string first_objection(const Shown& shown) {
    for (const std::string* objection :
         {&shown.failure, &shown.client_objection, &shown.server_objection}) {
        if (!objection->empty()) {
            return *objection;
        }
    }
    return shown.verdict() == Verdict::unknown ? k_no_trust_bundle : "";
}

json::object json_of(const Shown& shown) {
    json::array certificates;
    for (const auto& facts : shown.certificates) {
        certificates.push_back(json_of(facts));
    }
    json::object object;
    object["file"] = shown.file;
    object["certificates"] = std::move(certificates);
    object["isTrustBundle"] = shown.is_trust_bundle;
    object["trustBundle"] = text_or_null(shown.trust_bundle);
    object["key"] = text_or_null(shown.key);
    object["keyObjection"] = text_or_null(shown.key_objection);
    object["accepted"] = json_of(shown.verdict());
    object["objection"] = text_or_null(first_objection(shown));
    object["asClient"] = judgement_json(shown, shown.client_objection);
    object["asServer"] = judgement_json(shown, shown.server_objection);
    return object;
}

}  // namespace

int run_identity_show(const IdentityShowOptions& options, const IdentityStreams& streams) {
    if (!options.trust_domain.empty()) {
        if (const auto checked = check_trust_domain(options.trust_domain); !checked) {
            return complain(streams, "--trust-domain " + checked.error(), k_usage);
        }
    }
    json::array files;
    bool are_accepted = true;
    for (const std::string& argument : options.files) {
        for (const Shown& shown : examine(argument, options)) {
            are_accepted = are_accepted && shown.verdict() == Verdict::accepted;
            if (options.as_json) {
                files.push_back(json_of(shown));
            } else {
                print_text(shown, streams.output);
            }
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
