// Any target: its canonical path is a fixed point without dot segments or forbidden bytes.
#include "policy/path.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

bool is_clean(std::string_view path) {
    if (path.empty() || path[0] != '/' || path.find("//") != std::string_view::npos) {
        return false;
    }
    for (std::size_t begin = 1; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        std::string_view segment = path.substr(begin, end - begin);
        segment = segment.substr(0, segment.find(';'));
        if (segment == "." || segment == "..") {
            return false;
        }
        begin = end + 1;
    }
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7f || c == '\\' || c == '#' || c == '?') {
            return false;
        }
    }
    return true;
}

void check(std::string_view path, bool keep_escaped_slash) {
    std::string once;
    if (policy::canonical_path(path, keep_escaped_slash, once) == policy::PathVerdict::refused) {
        return;
    }
    std::string twice;
    const auto verdict = policy::canonical_path(once, keep_escaped_slash, twice);
    if (verdict != policy::PathVerdict::ok || once != twice || !is_clean(once)) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view target(reinterpret_cast<const char*>(data), size);
    for (const std::string_view method : {"GET", "OPTIONS", "CONNECT"}) {
        const policy::TargetParts parts = policy::split_target(method, target);
        check(parts.path, false);
        check(parts.path, true);
        // With its query taken off, the path has none.
        if (parts.path.find('?') != std::string_view::npos) {
            std::abort();
        }
    }
    return 0;
}
