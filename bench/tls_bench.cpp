// What a handshake and a record cost, both sides of the connection together. Without sockets.
#include "tests/tls/session_pair.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

using tls::testing::SessionPair;

const policy::Identity k_web = tls::testing::identity("shop", "web");
const policy::Identity k_api = tls::testing::identity("shop", "api");

/// Two workloads of one authority.
struct Mesh {
    tls::Authority authority =
        tls::testing::value_of(tls::Authority::make(tls::testing::k_trust_domain));
    std::shared_ptr<const tls::Context> web = tls::testing::context_of(authority, k_web);
    std::shared_ptr<const tls::Context> api = tls::testing::context_of(authority, k_api);
};

bool exchange(SessionPair& pair, const std::string& text, std::vector<char>& buffer) {
    if (!tls::testing::write_all(pair.client, text)) {
        return false;
    }
    pair.carry();
    std::size_t got = 0;
    while (got < text.size()) {
        const auto result = pair.server.read(buffer);
        if (result.step != tls::Session::Step::done) {
            return false;
        }
        got += result.bytes;
    }
    return true;
}

// With a leaf that both sides have verified before; no ticket, since none is read.
void full_handshake(benchmark::State& state) {
    const Mesh mesh;
    for (auto _ : state) {
        SessionPair pair(mesh.api, mesh.web, k_api);
        pair.shake_hands();
        if (!pair.is_joined() || pair.client.is_resumed()) {
            state.SkipWithError("no full handshake");
        }
    }
}
BENCHMARK(full_handshake)->Unit(benchmark::kMicrosecond);

void resumed_handshake(benchmark::State& state) {
    const Mesh mesh;
    std::vector<char> buffer(1024);
    const auto connect = [&] {
        SessionPair pair(mesh.api, mesh.web, k_api);
        pair.shake_hands();
        // The first read finds the next ticket.
        return pair.client.read(buffer).step == tls::Session::Step::need_input &&
               pair.client.is_resumed();
    };
    (void)connect();
    for (auto _ : state) {
        if (!connect()) {
            state.SkipWithError("no resumed handshake");
        }
    }
}
BENCHMARK(resumed_handshake)->Unit(benchmark::kMicrosecond);

// One record there: written, carried, read.
void records(benchmark::State& state) {
    const Mesh mesh;
    SessionPair pair(mesh.api, mesh.web, k_api);
    pair.shake_hands();
    const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
    std::vector<char> buffer(32 * 1024);
    for (auto _ : state) {
        if (!exchange(pair, text, buffer)) {
            state.SkipWithError("no bytes");
        }
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(records)->Arg(1024)->Arg(16 * 1024);

}  // namespace
