#include "tls/alpn.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace tls {
namespace {

/// Every name that we know, in wire form. The first of a protocol is what we offer for it.
constexpr std::array<std::pair<Alpn, std::string_view>, 6> k_names{{
    {Alpn::http1, "\x0esmilax/http1.1"},
    {Alpn::h2, "\x09smilax/h2"},
    {Alpn::tcp, "\x0asmilax/tcp"},
    {Alpn::mux, "\x0asmilax/mux"},
    {Alpn::standard_http1, "\x08http/1.1"},
    {Alpn::standard_http1, "\x08http/1.0"},
}};

constexpr std::string_view k_mesh = "\x0asmilax/mux\x0esmilax/http1.1\x0asmilax/tcp";
constexpr std::string_view k_standard =
    "\x0asmilax/mux\x0esmilax/http1.1\x0asmilax/tcp"
    "\x08http/1.1\x08http/1.0";

std::string_view wire_name(Alpn alpn) {
    const auto* const found =
        std::ranges::find(k_names, alpn, [](const auto& n) { return n.first; });
    return found != k_names.end() ? found->second : std::string_view();
}

}  // namespace

std::string offer_of(Alpn wanted) {
    std::string offer(wire_name(wanted));
    if (wanted == Alpn::mux) {
        offer += wire_name(Alpn::http1);
    }
    return offer;
}

bool is_wanted(Alpn agreed, Alpn wanted) {
    return agreed == wanted || (wanted == Alpn::mux && agreed == Alpn::http1) ||
           (wanted == Alpn::standard_http1 && agreed == Alpn::standard);
}

std::string_view served_to(Clients clients) {
    return clients == Clients::standard ? k_standard : k_mesh;
}

Alpn alpn_of(std::string_view agreed) {
    if (agreed.empty()) {
        return Alpn::standard;
    }
    for (const auto& [alpn, name] : k_names) {
        if (name.substr(1) == agreed) {
            return alpn;
        }
    }
    return Alpn::none;
}

std::string names_of(std::span<const unsigned char> wire) {
    constexpr std::size_t shown_max = 100;
    std::string names;
    while (!wire.empty() && names.size() < shown_max) {
        const std::size_t size = std::min<std::size_t>(wire[0], wire.size() - 1);
        const auto name = wire.subspan(1, size);
        names += names.empty() ? "" : ", ";
        names.append(name.begin(), name.end());
        wire = wire.subspan(1 + size);
    }
    return names.substr(0, shown_max);
}

}  // namespace tls
