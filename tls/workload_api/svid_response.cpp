#include "tls/workload_api/svid_response.hpp"

#include "tls/workload_api/protobuf.hpp"

#include <string>
#include <utility>

namespace tls::workload_api {

namespace {

/// Gives each bytes field below `Names` to its place; the last one of a number counts, as protobuf
/// has it. False when `message` is damaged, or a known field is no bytes.
template <std::size_t Names>
bool read_fields(std::string_view message, std::string_view* const (&places)[Names]) {
    ProtobufReader reader(message);
    while (const auto field = reader.next()) {
        if (field->number > Names) {
            continue;
        }
        if (field->type != ProtobufField::Type::bytes) {
            return false;
        }
        *places[field->number - 1] = field->bytes;
    }
    return !reader.is_damaged();
}

policy::Result<SvidResponse> refused(std::string sentence) {
    return policy::failed<SvidResponse>(std::move(sentence));
}

/// What is wrong with a field of the response, or nothing.
std::string take_field(const ProtobufField& field, SvidResponse& response) {
    constexpr std::uint32_t k_svids = 1;
    constexpr std::uint32_t k_crl = 2;
    constexpr std::uint32_t k_federated_bundles = 3;
    if (field.number > k_federated_bundles) {
        return {};
    }
    if (field.type != ProtobufField::Type::bytes) {
        return "is no X509SVIDResponse: field " + std::to_string(field.number) + " is a number";
    }
    if (field.number == k_svids) {
        SvidMessage svid;
        if (!read_fields(
                field.bytes,
                {&svid.spiffe_id, &svid.certificates, &svid.key, &svid.bundle, &svid.hint}
            )) {
            return "is no X509SVIDResponse: one of its SVIDs is damaged";
        }
        response.svids.push_back(svid);
    } else if (field.number == k_crl) {
        response.revocation_lists.push_back(field.bytes);
    } else {
        FederatedBundle bundle;
        if (!read_fields(field.bytes, {&bundle.trust_domain, &bundle.certificates})) {
            return "is no X509SVIDResponse: one of its federated bundles is damaged";
        }
        response.federated_bundles.push_back(bundle);
    }
    if (response.svids.size() > k_svids_max) {
        return "holds more than " + std::to_string(k_svids_max) + " SVIDs";
    }
    if (response.revocation_lists.size() > k_revocation_lists_max) {
        return "holds more than " + std::to_string(k_revocation_lists_max) + " revocation lists";
    }
    if (response.federated_bundles.size() > k_federated_bundles_max) {
        return "holds more than " + std::to_string(k_federated_bundles_max) + " federated bundles";
    }
    return {};
}

}  // namespace

policy::Result<SvidResponse> read_svid_response(std::string_view message) {
    SvidResponse response;
    ProtobufReader reader(message);
    while (const auto field = reader.next()) {
        if (std::string wrong = take_field(*field, response); !wrong.empty()) {
            return refused(std::move(wrong));
        }
    }
    if (reader.is_damaged()) {
        return refused("is no X509SVIDResponse: it is damaged");
    }
    if (response.svids.empty()) {
        return refused("holds no SVID");
    }
    return response;
}

}  // namespace tls::workload_api
