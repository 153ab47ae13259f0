#include "proxy/command/text_file.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <istream>
#include <system_error>
#include <utility>

namespace proxy::command {

policy::Result<std::string> read_text_file(const std::string& file, std::size_t bytes_max) {
    // A directory opens without complaint and then reads as empty.
    std::error_code ignored;
    if (std::filesystem::is_directory(file, ignored)) {
        return policy::failed<std::string>(std::string("is a directory"));
    }
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
        return policy::failed<std::string>(std::string(std::strerror(errno)));
    }
    return read_text(stream, bytes_max);
}

policy::Result<std::string> read_text(std::istream& stream, std::size_t bytes_max) {
    std::string text;
    std::array<char, 64 * 1024> chunk;
    while (stream.good() && text.size() <= bytes_max) {
        stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        text.append(chunk.data(), static_cast<std::size_t>(stream.gcount()));
    }
    if (stream.bad()) {
        return policy::failed<std::string>(std::string("could not be read to its end"));
    }
    if (text.size() > bytes_max) {
        return policy::failed<std::string>(fmt::format("is larger than {} bytes", bytes_max));
    }
    return {boost::system::in_place_value, std::move(text)};
}

}  // namespace proxy::command
