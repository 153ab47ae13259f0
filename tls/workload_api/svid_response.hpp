// X509SVIDResponse, what FetchX509SVID of the SPIFFE Workload API streams (SPIFFE_Workload_API
// §5.2).
#pragma once

#include "policy/result.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace tls::workload_api {

inline constexpr std::size_t k_svids_max = 64;
inline constexpr std::size_t k_federated_bundles_max = 256;
inline constexpr std::size_t k_revocation_lists_max = 64;

/// One identity of the workload. DER, certificates one after the other, the leaf first.
struct SvidMessage {
    std::string_view spiffe_id;
    std::string_view certificates;
    std::string_view key;     // PKCS#8
    std::string_view bundle;  // of the SVID's own trust domain
    std::string_view hint;    // what the operator calls it, to tell several apart
};

struct FederatedBundle {
    std::string_view trust_domain;  // "example.org" or "spiffe://example.org"
    std::string_view certificates;
};

/// Views of the message that was read.
struct SvidResponse {
    std::vector<SvidMessage> svids;
    std::vector<std::string_view> revocation_lists;
    std::vector<FederatedBundle> federated_bundles;
};

/// Unknown fields are passed over. The error is a sentence without a beginning: "is no …".
[[nodiscard]] policy::Result<SvidResponse> read_svid_response(std::string_view message);

}  // namespace tls::workload_api
