#include "proxy/http/request_target.hpp"

#include "policy/path.hpp"

namespace proxy::http {

RequestTarget read_target(
    const RequestHead& request,
    PathRules rules,
    const policy::Options& options,
    std::string& path,
    std::string& target
) {
    const policy::TargetParts parts = policy::split_target(request.method, request.target);
    RequestTarget result;
    result.path = parts.path;
    result.target = request.target;
    if (parts.path.empty()) {
        return result;  // "*", or the authority of a CONNECT
    }
    if (rules == PathRules::some) {
        const auto verdict = policy::canonical_path(parts.path, options.keep_escaped_slash, path);
        result.is_refused = verdict != policy::PathVerdict::ok;
    }
    const bool is_canonical = rules == PathRules::some && !result.is_refused;
    if (is_canonical) {
        result.path = path;
    }
    if (is_canonical || !request.target.starts_with('/')) {
        target.assign(result.path).append(parts.query);
        result.target = target;
    }
    return result;
}

}  // namespace proxy::http
