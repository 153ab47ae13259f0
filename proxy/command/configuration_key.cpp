#include "proxy/command/configuration_key.hpp"

#include <cctype>
#include <charconv>
#include <system_error>

namespace proxy::command {

std::string ConfigurationKey::environment_name() const {
    std::string name = "SMILAX_";
    for (const char byte : path) {
        const auto letter = static_cast<unsigned char>(byte);
        if (byte == '.') {
            name += '_';
            continue;
        }
        if (std::isupper(letter) != 0) {
            name += '_';
        }
        name += static_cast<char>(std::toupper(letter));
    }
    return name;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

ValueError parse_address_into(const std::string& text, policy::SocketAddress& address) {
    const auto parsed = policy::parse_socket_address(text);
    if (!parsed) {
        return "is not an address: write ip:port or [ip6]:port, no names";
    }
    address = *parsed;
    return std::nullopt;
}

ConfigurationKey describe(About about) {
    ConfigurationKey key;
    key.path = std::move(about.path);
    key.form = std::move(about.form);
    key.help = std::move(about.help);
    return key;
}

ConfigurationKey make_text_key(About about, Place<std::string> place, Check check) {
    ConfigurationKey key = describe(std::move(about));
    key.set = [place, check](Configuration& configuration, const Parts& parts) -> ValueError {
        if (ValueError error = check(parts[0])) {
            return error;
        }
        place(configuration) = parts[0];
        return std::nullopt;
    };
    key.show = [place](Configuration& configuration) { return place(configuration); };
    return key;
}

ConfigurationKey make_addresses_key(About about, Place<std::vector<policy::SocketAddress>> place) {
    ConfigurationKey key = describe(std::move(about));
    key.form = "ip:port …";
    key.is_list = true;
    key.set = [place](Configuration& configuration, const Parts& parts) -> ValueError {
        return parse_address_into(parts[0], place(configuration).emplace_back());
    };
    key.clear = [place](Configuration& configuration) { place(configuration).clear(); };
    key.show = [place](Configuration& configuration) {
        std::string all;
        for (const policy::SocketAddress& address : place(configuration)) {
            all += (all.empty() ? "" : ",") + address.text();
        }
        return all;
    };
    return key;
}

}  // namespace proxy::command
