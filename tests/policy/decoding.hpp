// What the decoder tests share: text → the resources and problems of one file.
#pragma once

#include "policy/inventory.hpp"
#include "policy/resource.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace policy::test {

struct Decoded {
    std::vector<Resource> resources;
    std::vector<Problem> problems;
};

inline Decoded decode(std::string_view text) {
    Inventory inventory("default");
    inventory.replace_file("f.yaml", text);
    const auto& files = inventory.by_file();
    const auto file = files.find("f.yaml");
    return {
        file == files.end() ? std::vector<Resource>{} : file->second,
        inventory.problems(),
    };
}

/// The only resource of a text, which must be a T.
template <class T>
T decode_one(std::string_view text) {
    const Decoded decoded = decode(text);
    EXPECT_EQ(decoded.resources.size(), 1U) << text;
    EXPECT_TRUE(std::holds_alternative<T>(decoded.resources.at(0))) << text;
    return std::get<T>(decoded.resources.at(0));
}

/// "error wrong_type", "warning unknown_field", … in the order of the file.
inline std::vector<std::string> codes(const Decoded& decoded) {
    std::vector<std::string> words;
    for (const Problem& problem : decoded.problems) {
        const bool is_error = problem.severity == Severity::error;
        words.push_back((is_error ? "error " : "warning ") + problem.code);
    }
    return words;
}

}  // namespace policy::test
