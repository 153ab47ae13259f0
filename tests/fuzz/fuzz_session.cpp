// Ciphertext from anybody into a server's Session: before the handshake, or (first byte odd) after
// one. Nobody without a certificate may become a peer, and no forged record may become plaintext.
#include "tests/tls/session_pair.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

using tls::Session;

struct World {
    tls::Authority authority =
        tls::testing::value_of(tls::Authority::make(tls::testing::k_trust_domain));
    policy::Identity api = tls::testing::identity("shop", "api");
    std::shared_ptr<const tls::Context> context = tls::testing::context_of(authority, api);
};

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void before_handshake(const World& world, std::string_view bytes) {
    Session server(world.context);
    // In two pieces, as sockets do.
    const std::string_view pieces[] = {
        bytes.substr(0, bytes.size() / 2), bytes.substr(bytes.size() / 2)
    };
    Session::Step step = Session::Step::need_input;
    for (const std::string_view piece : pieces) {
        server.feed(piece);
        step = server.handshake();
    }
    server.end_input();
    step = server.handshake();
    require(step == Session::Step::failed && !server.failure().empty());
    require(server.peer().identity == policy::Identity());
}

void after_handshake(const World& world, std::string_view bytes) {
    tls::testing::SessionPair pair(world.context, world.context, world.api);
    pair.shake_hands();
    require(pair.is_joined());
    pair.server.feed(bytes);
    (void)pair.server.has_pending();
    Session::Step last = Session::Step::done;
    require(tls::testing::read_all(pair.server, last).empty());
    require(last == Session::Step::failed || last == Session::Step::need_input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const World world;
    if (size == 0) {
        return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    if ((data[0] & 1) == 0) {
        before_handshake(world, bytes);
    } else {
        after_handshake(world, bytes);
    }
    return 0;
}
