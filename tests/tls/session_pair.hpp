// Two Sessions joined in memory.
#pragma once

#include "tests/tls/certificate_recipe.hpp"
#include "tls/session.hpp"

#include <array>
#include <string>
#include <utility>

namespace tls::testing {

/// What `session` has to say to its peer.
inline std::string take_output(Session& session) {
    std::string output(session.output());
    session.drop_output(output.size());
    return output;
}

struct SessionPair {
    SessionPair(
        std::shared_ptr<const Context> server_context,
        std::shared_ptr<const Context> client_context,
        policy::Identity expected,
        Alpn alpn = Alpn::http1,
        Accepting accepting = {}
    )
        : server(std::move(server_context), accepting),
          client(std::move(client_context), alpn, std::move(expected)) {}

    /// Carries what both have said; true when anything moved.
    bool carry() {
        const std::string to_server = take_output(client);
        const std::string to_client = take_output(server);
        server.feed(to_server);
        client.feed(to_client);
        return !to_server.empty() || !to_client.empty();
    }

    /// Until both are done, one has failed, or nothing moves.
    void shake_hands() {
        for (int i = 0; i < 20; ++i) {
            if (client_step == Session::Step::need_input) {
                client_step = client.handshake();
            }
            if (server_step == Session::Step::need_input) {
                server_step = server.handshake();
            }
            if (!carry()) {
                return;
            }
        }
    }

    [[nodiscard]] bool is_joined() const {
        return client_step == Session::Step::done && server_step == Session::Step::done;
    }

    Session server;
    Session client;
    Session::Step server_step = Session::Step::need_input;
    Session::Step client_step = Session::Step::need_input;
};

/// Writes all of `text`.
inline bool write_all(Session& session, const std::string& text) {
    const std::array pieces{boost::asio::buffer(text)};
    const std::array<boost::asio::const_buffer, 1> buffers{pieces[0]};
    std::size_t done = 0;
    while (done < text.size()) {
        const std::size_t taken = session.write(buffers, done);
        if (taken == 0) {
            return false;
        }
        done += taken;
    }
    return true;
}

/// Everything that can be read now; `last` is what stopped it.
inline std::string read_all(Session& session, Session::Step& last) {
    std::string text;
    std::array<char, 5000> buffer;
    for (;;) {
        const Session::ReadResult result = session.read(buffer);
        last = result.step;
        if (result.step != Session::Step::done) {
            return text;
        }
        text.append(buffer.data(), result.bytes);
    }
}

}  // namespace tls::testing
