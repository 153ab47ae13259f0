// `smilax explain access|route`: asks the compiled snapshot that the proxy would use, and tells
// why.
#pragma once

#include "policy/question.hpp"
#include "proxy/command/command.hpp"
#include "proxy/command/policy_switches.hpp"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace proxy::command {

void add_explain_command(CLI::App& app, CommandResult& result);

struct ExplainOptions {
    std::vector<std::string> paths;  // files, directories, "-"
    policy::QuestionWords words;
    std::string to;   // access: the workload that is called
    std::string pod;  // the name of the workload's pod
    PolicySwitches policy;
    bool as_json = false;
    bool use_colours = false;
};

/// Both return the exit code: 0 allowed or routed, 3 denied or nowhere to go, 2 a question that
/// cannot be read or a path that leads nowhere.
[[nodiscard]] int run_explain_access(const ExplainOptions& options, const CommandStreams& streams);
[[nodiscard]] int run_explain_route(const ExplainOptions& options, const CommandStreams& streams);

}  // namespace proxy::command
