// What a handshake and a record cost, without sockets: both sides of the connection together, or
// the server's alone where it says so.
#include "tests/tls/session_pair.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstddef>
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

/// The time of the server's steps alone, in seconds.
double shake_hands(SessionPair& pair) {
    using Clock = std::chrono::steady_clock;
    Clock::duration spent{};
    for (bool has_moved = true; has_moved; has_moved = pair.carry()) {
        if (pair.client_step == tls::Session::Step::need_input) {
            pair.client_step = pair.client.handshake();
        }
        const auto begin = Clock::now();
        if (pair.server_step == tls::Session::Step::need_input) {
            pair.server_step = pair.server.handshake();
        }
        spent += Clock::now() - begin;
    }
    return std::chrono::duration<double>(spent).count();
}

// Clients that the server has never seen: more of them than it remembers chains of.
void server_of_full_handshake_with_a_stranger(benchmark::State& state) {
    const Mesh mesh;
    std::vector<std::shared_ptr<const tls::Context>> strangers;
    for (std::size_t i = 0; i <= tls::ProvedChains::k_chains_max; ++i) {
        strangers.push_back(tls::testing::context_of(mesh.authority, k_web));
    }
    std::size_t next = 0;
    for (auto _ : state) {
        SessionPair pair(mesh.api, strangers[next++ % strangers.size()], k_api);
        state.SetIterationTime(shake_hands(pair));
        if (!pair.is_joined() || pair.server.is_resumed()) {
            state.SkipWithError("no full handshake");
        }
    }
}
BENCHMARK(server_of_full_handshake_with_a_stranger)->UseManualTime()->Unit(benchmark::kMicrosecond);

void server_of_full_handshake(benchmark::State& state) {
    const Mesh mesh;
    for (auto _ : state) {
        SessionPair pair(mesh.api, mesh.web, k_api);
        state.SetIterationTime(shake_hands(pair));
        if (!pair.is_joined() || pair.server.is_resumed()) {
            state.SkipWithError("no full handshake");
        }
    }
}
BENCHMARK(server_of_full_handshake)->UseManualTime()->Unit(benchmark::kMicrosecond);

void server_of_resumed_handshake(benchmark::State& state) {
    const Mesh mesh;
    std::vector<char> buffer(1024);
    const auto connect = [&] {
        SessionPair pair(mesh.api, mesh.web, k_api);
        const double seconds = shake_hands(pair);
        (void)pair.client.read(buffer);  // which finds the next ticket
        return pair.server.is_resumed() ? seconds : 0.0;
    };
    (void)connect();
    for (auto _ : state) {
        const double seconds = connect();
        state.SetIterationTime(seconds);
        if (seconds == 0.0) {
            state.SkipWithError("no resumed handshake");
        }
    }
}
BENCHMARK(server_of_resumed_handshake)->UseManualTime()->Unit(benchmark::kMicrosecond);

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
