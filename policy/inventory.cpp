#include "policy/inventory.hpp"

#include "policy/decode_document.hpp"
#include "policy/document.hpp"

#include <utility>

namespace policy {

Inventory::Inventory(std::string default_namespace)
    : default_namespace_(std::move(default_namespace)) {}

bool Inventory::replace_file(const std::string& file, std::string_view text) {
    ParsedText parsed = parse_text(text, file);
    if (!parsed.problems.empty()) {
        if (const auto kept = resources_.find(file); kept != resources_.end()) {
            parsed.problems.push_back(
                {Severity::warning,
                 Origin{file, 1, 1},
                 {},
                 "file_kept",
                 "until this file parses again, the " + std::to_string(kept->second.size()) +
                     " objects of its last good version stay in force"}
            );
        }
        files_[file].problems = std::move(parsed.problems);
        return false;
    }
    DecodedFile decoded;
    for (const Node& document : parsed.documents) {
        decode_document(document, file, default_namespace_, decoded);
    }
    resources_[file] = std::move(decoded.resources);
    files_[file].problems = decoded.problems.take();
    return true;
}

void Inventory::remove_file(const std::string& file) {
    files_.erase(file);
    resources_.erase(file);
}

std::vector<std::string> Inventory::files() const {
    std::vector<std::string> names;
    names.reserve(files_.size());
    for (const auto& [name, file] : files_) {
        names.push_back(name);
    }
    return names;
}

std::vector<Problem> Inventory::problems() const {
    std::vector<Problem> all;
    for (const auto& [name, file] : files_) {
        all.insert(all.end(), file.problems.begin(), file.problems.end());
    }
    return all;
}

const std::map<std::string, std::vector<Resource>>& Inventory::by_file() const {
    return resources_;
}

}  // namespace policy
