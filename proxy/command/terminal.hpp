// What the output of a command goes to.
#pragma once

namespace proxy::command {

/// True when standard output is a terminal and the user wants colours (https://no-color.org).
[[nodiscard]] bool wants_colours();

}  // namespace proxy::command
