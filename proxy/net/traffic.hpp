// How many bytes went through one connection, from our socket's view.
#pragma once

#include <cstdint>

namespace proxy::net {

struct Traffic {
    std::uint64_t read_bytes = 0;
    std::uint64_t written_bytes = 0;
};

}  // namespace proxy::net
