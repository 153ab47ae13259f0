// What the commands of `smilax` have in common. Each lives in its own file and exposes
//     void add_<name>_command(CLI::App& app, CommandResult& result);
// which declares the subcommand on `app` and does the work in its callback: CLI11 runs that once,
// after all arguments were read. Both references outlive the parse (main.cpp owns them).
#pragma once

namespace proxy::command {

struct CommandResult {
    int exit_code = 0;
};

}  // namespace proxy::command
