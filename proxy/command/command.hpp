// What the commands of `smilax` have in common. Each lives in its own file and exposes
//     void add_<name>_command(CLI::App& app, CommandResult& result);
// which declares the subcommand on `app` and does the work in its callback: CLI11 runs that once,
// after all arguments were read. Both references outlive the parse (main.cpp owns them).
#pragma once

#include <iosfwd>

namespace proxy::command {

struct CommandResult {
    int exit_code = 0;
};

/// Where a command reads and writes; the standard ones but for tests.
struct CommandStreams {
    std::istream& input;
    std::ostream& output;  // the answer
    std::ostream& error;   // summaries, and what is wrong with the arguments
};

}  // namespace proxy::command
