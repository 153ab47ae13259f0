// One key of the configuration file as a row of a table: from it come the reading of the file, the
// environment variable, the check of the value and the reference that is printed (design.md §2).
// The makers below build a row for each type of value; configuration_table has the rows.
#pragma once

#include "policy/address.hpp"
#include "proxy/configuration.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace proxy::command {

/// What is wrong with a value, as the end of a sentence: "is not a port (1 to 65535)".
using ValueError = std::optional<std::string>;
/// One value. A plain one has one part.
using Parts = std::vector<std::string>;

struct ConfigurationKey {
    std::string path;  // "identity.trustBundle"
    std::string form;  // what a value looks like: "strict | permissive"
    std::string help;  // one sentence
    bool is_list = false;
    /// The parts of one item of a list, in order; empty: an item is a plain value. In a file they
    /// are the keys of a mapping, in the environment they are joined by '='.
    std::vector<std::string> fields;
    /// An item needs only the first of them. The others it leaves out are empty parts, or none at
    /// the end.
    bool has_optional_fields = false;
    /// Takes one value (lists: one item, called once each).
    std::function<ValueError(Configuration&, const Parts&)> set;
    /// Empties a list before its first item; empty for other keys.
    std::function<void(Configuration&)> clear;
    /// The present value as it would be written in the environment.
    std::function<std::string(Configuration&)> show;

    /// SMILAX_IDENTITY_TRUST_BUNDLE.
    [[nodiscard]] std::string environment_name() const;
};

/// The words of a row.
struct About {
    std::string path;
    std::string form;
    std::string help;
};

struct Range {
    std::uint64_t min = 0;
    std::uint64_t max = 0;
};

/// Where a value of type T lives in the configuration.
template <class T>
using Place = T& (*)(Configuration&);
/// Judges a text.
using Check = ValueError (*)(const std::string&);

[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);
[[nodiscard]] ValueError parse_address_into(
    const std::string& text, policy::SocketAddress& address
);
[[nodiscard]] ConfigurationKey describe(About about);

[[nodiscard]] ConfigurationKey make_text_key(About about, Place<std::string> place, Check check);
[[nodiscard]] ConfigurationKey make_addresses_key(
    About about, Place<std::vector<policy::SocketAddress>> place
);

/// A value that is one of a few words.
template <class T>
[[nodiscard]] ConfigurationKey make_choice_key(
    About about, std::type_identity_t<Place<T>> place, std::vector<std::pair<std::string, T>> words
) {
    ConfigurationKey key = describe(std::move(about));
    for (const auto& [word, value] : words) {
        key.form += (key.form.empty() ? "" : " | ") + word;
    }
    key.set = [place,
               words,
               form = key.form](Configuration& configuration, const Parts& parts) -> ValueError {
        for (const auto& [word, value] : words) {
            if (word == parts[0]) {
                place(configuration) = value;
                return std::nullopt;
            }
        }
        return "is not one of: " + form;
    };
    key.show = [place, words](Configuration& configuration) -> std::string {
        for (const auto& [word, value] : words) {
            if (value == place(configuration)) {
                return word;
            }
        }
        return {};
    };
    return key;
}

/// A whole number in a range. `place` is anything that gives the number's reference for a
/// configuration.
template <class Where>
[[nodiscard]] ConfigurationKey make_number_key(About about, Range range, Where place) {
    ConfigurationKey key = describe(std::move(about));
    key.form = fmt::format("{} to {}", range.min, range.max);
    key.set = [place,
               range,
               form = key.form](Configuration& configuration, const Parts& parts) -> ValueError {
        const auto value = parse_number(parts[0]);
        if (!value || *value < range.min || *value > range.max) {
            return "is not a whole number from " + form;
        }
        auto& number = place(configuration);
        number = static_cast<std::remove_reference_t<decltype(number)>>(*value);
        return std::nullopt;
    };
    key.show = [place](Configuration& configuration) {
        return std::to_string(place(configuration));
    };
    return key;
}

}  // namespace proxy::command
