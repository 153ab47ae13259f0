// The program `smilax_load`: what loads the proxies that are compared.
#include "bench/load/generator.hpp"
#include "bench/load/options.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <variant>

namespace {

constexpr int k_usage_error = 2;

void run(const bench::load::Options& options) {
    bench::load::Generator generator(options);
    const std::size_t ready = generator.prepare();
    if (options.mode == bench::load::Mode::idle) {
        fmt::print("{{\"ready\":{}}}\n", ready);
        std::fflush(stdout);
        generator.hold(STDIN_FILENO);
    } else {
        if (options.warm_up_seconds > 0) {
            generator.warm_up();
            fmt::print("{{\"begun\":true}}\n");
            std::fflush(stdout);
        }
        generator.load();
    }
    fmt::print("{}\n", to_json(generator.result()));
}

}  // namespace

int main(int argc, char** argv) {
    // OpenSSL writes by write(2), which has no MSG_NOSIGNAL.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        const auto asked = bench::load::parse_options(argc, argv);
        if (const int* code = std::get_if<int>(&asked)) {
            return *code;
        }
        run(std::get<bench::load::Options>(asked));
    } catch (const std::exception& wrong) {
        fmt::print(stderr, "smilax_load: {}\n", wrong.what());
        return k_usage_error;
    }
    return std::fflush(stdout) == 0 ? 0 : 1;
}
