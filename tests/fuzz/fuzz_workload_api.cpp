// An agent answers anything: what is read of it are views of the message and within the bounds, and
// no Material is made of what does not hold together.
#include "tls/workload_api/svid_material.hpp"
#include "tls/workload_api/svid_response.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

bool is_within(std::string_view part, std::string_view whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace api = tls::workload_api;
    const std::string_view message(reinterpret_cast<const char*>(data), size);
    const auto response = api::read_svid_response(message);
    if (response.has_error()) {
        require(!response.error().empty());
        return 0;
    }
    require(!response->svids.empty() && response->svids.size() <= api::k_svids_max);
    require(response->federated_bundles.size() <= api::k_federated_bundles_max);
    require(response->revocation_lists.size() <= api::k_revocation_lists_max);
    for (const api::SvidMessage& svid : response->svids) {
        for (const auto part :
             {svid.spiffe_id, svid.certificates, svid.key, svid.bundle, svid.hint}) {
            require(is_within(part, message));
        }
    }
    static const policy::Identity self{"cluster.local", "default", "web"};
    static const tls::Naming naming("cluster.local");
    const auto material = api::material_of(*response, self, naming, "fuzz");
    require(
        material.has_error() ? material.error().starts_with("fuzz: ") : (*material)->self == self
    );
    return 0;
}
