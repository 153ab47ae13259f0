#include "proxy/command/manifests.hpp"

#include "policy/document.hpp"
#include "proxy/command/manifest_files.hpp"
#include "proxy/command/text_file.hpp"

#include <utility>

namespace proxy::command {
namespace {

using policy::Problem;
using policy::Severity;

constexpr const char* k_standard_input = "<stdin>";

void read_file(const std::string& file, std::istream& input, Manifests& manifests) {
    constexpr std::size_t bytes_max = policy::DocumentLimits{}.text_bytes_max;
    const bool is_input = file == "-";
    const std::string name = is_input ? std::string(k_standard_input) : file;
    const auto text = is_input ? read_text(input, bytes_max) : read_text_file(file, bytes_max);
    if (text.has_error()) {
        manifests.unreadable.push_back(
            {Severity::error,
             {name, 0, 0},
             {},
             "unreadable_file",
             "The file cannot be read: " + text.error() + "."}
        );
        return;
    }
    // False means that the text did not parse, which is among the inventory's problems.
    static_cast<void>(manifests.inventory.replace_file(name, *text));
}

}  // namespace

policy::Result<Manifests> read_manifests(
    const std::vector<std::string>& paths, const std::string& name_space, std::istream& input
) {
    const auto files = list_manifest_files(paths);
    if (files.has_error()) {
        return policy::failed<Manifests>(files.error());
    }
    Manifests manifests{policy::Inventory(name_space), {}, files->size()};
    for (const std::string& file : *files) {
        read_file(file, input, manifests);
    }
    return policy::Result<Manifests>(std::move(manifests));
}

std::vector<Problem> all_problems(const Manifests& manifests, std::vector<Problem> of_compiling) {
    std::vector<Problem> problems = std::move(of_compiling);
    const std::vector<Problem> of_reading = manifests.inventory.problems();
    problems.insert(problems.end(), of_reading.begin(), of_reading.end());
    problems.insert(problems.end(), manifests.unreadable.begin(), manifests.unreadable.end());
    return policy::in_order(std::move(problems));
}

}  // namespace proxy::command
