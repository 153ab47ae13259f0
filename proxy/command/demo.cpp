#include "proxy/command/demo.hpp"

#include "proxy/command/demo/application.hpp"
#include "proxy/command/demo/mesh.hpp"
#include "proxy/command/demo/report.hpp"
#include "proxy/command/demo/resources.hpp"
#include "proxy/command/demo/steps.hpp"
#include "proxy/command/demo/traffic.hpp"
#include "proxy/command/interrupt.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace proxy::command {
namespace {

using namespace demo;

constexpr std::chrono::milliseconds k_between_calls{200};  // 5 requests per second

struct DemoOptions {
    bool once = false;
    bool as_json = false;
    MeshOptions mesh;
};

void print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

int refuse(const std::string& sentence) {
    std::fprintf(stderr, "smilax demo: %s\n", sentence.c_str());
    return 1;
}

Tour make_tour(const Mesh& mesh, const DemoOptions& options) {
    std::error_code error;
    Tour tour;
    tour.executable = std::filesystem::read_symlink("/proc/self/exe", error).string();
    tour.root = mesh.root();
    tour.keeps_files = !options.mesh.keep_files.empty();
    return tour;
}

/// Puts back the rules that the steps took away, so that there is something to look at, and waits
/// for Ctrl-C.
int stay_up(Mesh& mesh, Interrupt& interrupt) {
    if (const auto done = mesh.write_resource("access.yaml", access_text()); !done) {
        return refuse(done.error());
    }
    const std::string split = weighted_split_text(90, 10);
    if (const auto done = mesh.write_resource("split.yaml", split); !done) {
        return refuse(done.error());
    }
    Traffic traffic(mesh, "web", "api", k_between_calls);
    while (!interrupt.wait_for(std::chrono::seconds(1))) {
        if (const auto ended = mesh.ended_sidecar()) {
            return refuse(*ended);
        }
    }
    return 0;
}

int run_steps(Mesh& mesh, Interrupt& interrupt, const DemoOptions& options, Style style) {
    const StepListener quiet{[](int, std::string_view) {}, [](const Check&) {}};
    const StepListener printing{
        [&](int number, std::string_view title) { print(render_step_title(number, title, style)); },
        [&](const Check& check) { print(render_check(check, style)); }
    };
    Steps steps(mesh, interrupt, options.as_json ? quiet : printing);
    steps.run();
    const auto& checks = steps.checks();
    if (interrupt.is_pending()) {
        return refuse("interrupted; everything is removed");
    }
    print(options.as_json ? render_json(mesh.plan().mode, checks) : render_summary(checks, style));
    if (const auto ended = mesh.ended_sidecar()) {
        return refuse(*ended);
    }
    return steps.all_well() ? 0 : 1;
}

int run_demo(const DemoOptions& options) {
    Interrupt interrupt;
    const Style style = style_of_standard_output();
    std::string note;
    auto mesh = Mesh::make(options.mesh, note);
    if (!mesh) {
        return refuse(mesh.error());
    }
    const Tour tour = make_tour(**mesh, options);
    if (!note.empty()) {
        std::fprintf(stderr, "%s\n", note.c_str());
    }
    if (!options.as_json) {
        print(render_header((*mesh)->plan(), tour, style) + render_columns(style));
    }
    if (const auto started = (*mesh)->start(); !started) {
        return refuse(started.error());
    }
    int exit_code = run_steps(**mesh, interrupt, options, style);
    if (!options.once && !interrupt.is_pending() && !(*mesh)->ended_sidecar()) {
        if (!options.as_json) {
            print(render_invitation((*mesh)->plan(), tour, style));
        }
        exit_code = std::max(exit_code, stay_up(**mesh, interrupt));
    }
    return exit_code;
}

int run_application(ApplicationOptions options, const std::string& listen) {
    const auto address = policy::parse_socket_address(listen);
    if (!address) {
        return refuse("--listen is not ip:port: " + listen);
    }
    options.listen = *address;
    boost::asio::io_context context(1);
    const auto application = Application::make(context, std::move(options));
    if (!application) {
        return refuse(application.error());
    }
    context.run();  // until a signal ends the process
    return 0;
}

void add_application_command(CLI::App& app, CommandResult& result) {
    CLI::App* command = app.add_subcommand("demo-app", "The application of the demo's pods");
    command->group("");  // hidden: the demo starts it
    auto options = std::make_shared<ApplicationOptions>();
    auto listen = std::make_shared<std::string>();
    command->add_option("--name", options->name)->required();
    command->add_option("--listen", *listen)->required();
    command->add_option("--control", options->control);
    command->callback([options, listen, &result] {
        result.exit_code = run_application(*options, *listen);
    });
}

}  // namespace

void add_demo_command(CLI::App& app, CommandResult& result) {
    CLI::App* command = app.add_subcommand(
        "demo", "Run a whole mesh on this machine and show what it does, step by step"
    );
    command->footer("Exit codes: 0 every step as expected, 1 otherwise.");
    auto options = std::make_shared<DemoOptions>();
    auto output = std::make_shared<std::string>("text");
    command->add_flag("--once", options->once, "End after the steps");
    command->add_option("-o,--output", *output, "text or json")
        ->check(CLI::IsMember({"text", "json"}));
    command->add_flag(
        "--loopback",
        options->mesh.force_loopback,
        "Use loopback addresses even where network namespaces are possible"
    );
    command->add_option(
        "--keep-files",
        options->mesh.keep_files,
        "Write resources, configurations and logs to this new directory and leave them there"
    );
    command->callback([options, output, &result] {
        options->as_json = *output == "json";
        result.exit_code = run_demo(*options);
    });
    add_application_command(app, result);
}

}  // namespace proxy::command
