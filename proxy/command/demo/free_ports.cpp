#include "proxy/command/demo/free_ports.hpp"

#include "proxy/control/aio.hpp"

namespace proxy::command::demo {
namespace {

/// The wanted port, or, where somebody listens on it, one that the kernel says is free.
std::uint16_t free_port(const policy::SocketAddress& wanted) {
    boost::asio::io_context context;
    for (const std::uint16_t port : {wanted.port, std::uint16_t{0}}) {
        control::aio::Acceptor acceptor(context.get_executor());
        control::aio::Error error;
        const auto ip = boost::asio::ip::make_address(wanted.ip.text(), error);
        const control::aio::Endpoint endpoint(ip, port);
        acceptor.open(endpoint.protocol(), error);
        if (!error) {
            acceptor.set_option(boost::asio::socket_base::reuse_address(true), error);
        }
        if (!error) {
            acceptor.bind(endpoint, error);
        }
        if (!error) {
            acceptor.listen(1, error);
        }
        if (!error) {
            return acceptor.local_endpoint(error).port();
        }
    }
    return wanted.port;  // whoever listens there will say what is wrong
}

}  // namespace

void use_free_ports(Plan& plan) {
    for (Pod& pod : plan.pods) {
        if (!pod.is_meshed()) {
            pod.application.port = free_port(pod.application);
            pod.port = pod.application.port;
            continue;
        }
        pod.port = free_port({pod.address, pod.port});
        pod.application.port = free_port(pod.application);
        pod.outbound.port = free_port(pod.outbound);
        pod.admin.port = free_port(pod.admin);
    }
}

}  // namespace proxy::command::demo
