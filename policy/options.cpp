#include "policy/options.hpp"

namespace policy {

std::string_view to_string(AccessMode mode) {
    switch (mode) {
        case AccessMode::enforce:
            return "enforce";
        case AccessMode::audit:
            return "audit";
        case AccessMode::off:
            return "off";
    }
    return "enforce";
}

std::optional<AccessMode> parse_access_mode(std::string_view word) {
    for (const AccessMode mode : {AccessMode::enforce, AccessMode::audit, AccessMode::off}) {
        if (word == to_string(mode)) {
            return mode;
        }
    }
    return std::nullopt;
}

std::string_view to_string(MtlsMode mode) {
    switch (mode) {
        case MtlsMode::strict:
            return "strict";
        case MtlsMode::permissive:
            return "permissive";
    }
    return "strict";
}

std::optional<MtlsMode> parse_mtls_mode(std::string_view word) {
    for (const MtlsMode mode : {MtlsMode::strict, MtlsMode::permissive}) {
        if (word == to_string(mode)) {
            return mode;
        }
    }
    return std::nullopt;
}

}  // namespace policy
