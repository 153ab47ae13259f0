// A peer sends any bytes to the server's end of a shared connection, while its streams are read,
// written and left: nothing crashes, nothing grows without bound, and what is read is what came.
#include "io/loop.hpp"
#include "proxy/net/mux/session.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using proxy::net::mux::Role;
using proxy::net::mux::Session;
using proxy::net::mux::Stream;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// What the first byte of each piece says is done with the streams after it.
void use(std::vector<std::unique_ptr<Stream>>& streams, unsigned char what) {
    if (streams.empty()) {
        return;
    }
    auto& stream = streams[(what >> 2) % streams.size()];
    std::array<char, 3'000> block{};
    const boost::asio::const_buffer piece = boost::asio::buffer(block);
    std::size_t written = 0;
    switch (what & 3) {
        case 0: {
            [[maybe_unused]] const auto got = stream->try_read(boost::asio::buffer(block));
            break;
        }
        case 1: {
            [[maybe_unused]] const auto sent = stream->try_write({&piece, 1}, written);
            require(written <= block.size());
            break;
        }
        case 2: {
            [[maybe_unused]] const auto error = stream->finish();
            break;
        }
        default:
            std::swap(stream, streams.back());
            streams.pop_back();
            break;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input(reinterpret_cast<const char*>(data), size);
    static io::Loop loop;
    const auto session = std::make_shared<Session>(loop, Role::server, 32 * 1024);
    std::vector<std::unique_ptr<Stream>> streams;
    while (!input.empty()) {
        const auto what = static_cast<unsigned char>(input.front());
        input.remove_prefix(1);
        const std::string_view piece = input.substr(0, 1 + what % 61);
        input.remove_prefix(piece.size());
        const bool goes_on = session->feed(piece);
        require(goes_on == !session->is_ended());
        require(goes_on || !session->failure().empty());
        while (auto stream = session->accept()) {
            streams.push_back(std::move(stream));
        }
        use(streams, what);
        require(session->stream_count() == streams.size());
        require(streams.size() <= proxy::net::mux::k_served_streams_max);
        require(session->output().size() <= 3 * proxy::net::mux::k_output_bytes_max);
        if ((what & 64) != 0) {
            session->output().clear();
            session->on_output_taken();
        }
    }
    streams.clear();
    require(session->stream_count() == 0);
    loop.run_once(std::chrono::milliseconds(0));
    return 0;
}
