// Runs another program and waits for it: no shell, so nothing in an argument is ever interpreted.
#pragma once

#include "policy/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace proxy::command {

struct ProcessOutput {
    int exit_code = 0;  // 128 + N when signal N ended it, as shells say it
    std::string standard_output;
    std::string standard_error;
};

/// Runs `argv[0]` (searched in PATH), feeds it `standard_input`, reads both outputs to their end
/// and waits. The error says why the program could not be started (a missing one: "nft: No such
/// file or directory"); a program that ran and failed is a value. Blocks: for commands only.
[[nodiscard]] policy::Result<ProcessOutput> run_process(
    std::vector<std::string> argv, std::string_view standard_input = {}
);

/// The full path of `program` in PATH (and the sbin folders, which users' PATHs often lack), or
/// empty when it is not there.
[[nodiscard]] std::string find_program(std::string_view program);

}  // namespace proxy::command
