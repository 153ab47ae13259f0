#include "proxy/net/stream.hpp"

namespace proxy::net {

std::optional<io::Transfer> Stream::try_read(boost::asio::mutable_buffer buffer) {
    if (auto* tls = std::get_if<tls::Stream>(&transport_)) {
        return tls->try_read(buffer);
    }
    if (auto* shared = std::get_if<Shared>(&transport_)) {
        return (*shared)->try_read(buffer);
    }
    return std::get<io::Socket>(transport_).try_read(buffer);
}

std::optional<io::Transfer> Stream::try_read_into(Buffer& buffer, std::size_t bytes_max) {
    auto* shared = std::get_if<Shared>(&transport_);
    if (shared != nullptr && buffer.is_empty()) {
        return (*shared)->try_take(buffer);
    }
    if (!try_wait_readable().has_value()) {
        return std::nullopt;  // without memory
    }
    const auto got = try_read(buffer.prepare(bytes_max));
    if (got.has_value()) {
        buffer.commit(got->bytes);
    }
    return got;
}

std::optional<io::Transfer> Stream::Write::operator()() {
    if (auto* tls = std::get_if<tls::Stream>(&stream.transport_)) {
        return tls->try_write(buffers, progress);
    }
    if (auto* shared = std::get_if<Shared>(&stream.transport_)) {
        return (*shared)->try_write(buffers, progress.taken);
    }
    return std::get<io::Socket>(stream.transport_).try_write_all(buffers, progress.taken);
}

std::optional<io::Error> Stream::try_wait_readable() noexcept {
    const auto* tls = std::get_if<tls::Stream>(&transport_);
    const bool is_ready = socket().may_be_readable() || (tls != nullptr && tls->has_pending());
    return is_ready ? std::optional<io::Error>(io::Error()) : std::nullopt;
}

bool Stream::is_of_kept_connection() const noexcept {
    const auto* shared = std::get_if<Shared>(&transport_);
    return shared != nullptr && (*shared)->is_of_kept_connection();
}

bool Stream::is_going_away() const noexcept {
    const auto* shared = std::get_if<Shared>(&transport_);
    return shared != nullptr && (*shared)->session().is_going_away();
}

std::chrono::system_clock::time_point Stream::retire_at() const noexcept {
    if (const auto* tls = std::get_if<tls::Stream>(&transport_)) {
        return tls->retire_at();
    }
    if (const auto* shared = std::get_if<Shared>(&transport_)) {
        return (*shared)->session().retire_at();
    }
    return std::chrono::system_clock::time_point::max();
}

std::optional<io::Error> Stream::try_shutdown() {
    if (auto* tls = std::get_if<tls::Stream>(&transport_)) {
        return tls->try_shutdown();
    }
    if (auto* shared = std::get_if<Shared>(&transport_)) {
        return (*shared)->finish();
    }
    return std::get<io::Socket>(transport_).shutdown_send();
}

}  // namespace proxy::net
