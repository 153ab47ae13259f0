#include "proxy/command/terminal.hpp"

#include <unistd.h>

#include <cstdlib>

namespace proxy::command {

bool wants_colours() {
    const char* no_color = std::getenv("NO_COLOR");  // counts when present and not empty
    return ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

}  // namespace proxy::command
