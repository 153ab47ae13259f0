#include "proxy/command/network_namespace.hpp"

#include "proxy/command/redirect_rules.hpp"

#include <arpa/inet.h>
#include <linux/capability.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>

namespace proxy::command {
namespace {

using Done = policy::Result<void>;

Done loopback_failure(int code) {
    return policy::failed<void>(
        std::string("the address ::6 of the interface lo could not be changed: ") +
        std::strerror(code)
    );
}

/// `request` is SIOCSIFADDR or SIOCDIFADDR; `fine` is the errno that says that it was so already.
Done change_application_source(unsigned long request, int fine) {
    const int socket = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        return errno == EAFNOSUPPORT ? Done() : loopback_failure(errno);
    }
    in6_ifreq address{};
    address.ifr6_prefixlen = 128;
    address.ifr6_ifindex = static_cast<int>(::if_nametoindex("lo"));
    ::inet_pton(AF_INET6, std::string(k_application_source_v6).c_str(), &address.ifr6_addr);
    const int code = ::ioctl(socket, request, &address) == 0 ? 0 : errno;
    ::close(socket);
    // The caller has CAP_NET_ADMIN: EACCES means that the sysctl disable_ipv6 is set.
    return code == 0 || code == fine || code == EACCES ? Done() : loopback_failure(code);
}

}  // namespace

bool may_administer_network() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
        if (word == "CapEff:") {
            std::uint64_t capabilities = 0;
            status >> std::hex >> capabilities;
            return (capabilities >> CAP_NET_ADMIN & 1U) == 1;
        }
    }
    return false;
}

bool has_ipv6() {
    return ::access("/proc/net/if_inet6", F_OK) == 0;
}

Done add_application_source() {
    return change_application_source(SIOCSIFADDR, EEXIST);
}

Done remove_application_source() {
    return change_application_source(SIOCDIFADDR, EADDRNOTAVAIL);
}

}  // namespace proxy::command
