#include "proxy/command/demo/metrics_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

namespace proxy::command::demo {
namespace {

/// Reads `name="value",…}`; false when the line is malformed. `text` is left behind the brace.
bool parse_labels(std::string_view& text, Labels& labels) {
    while (!text.empty() && text.front() != '}') {
        const std::size_t equals = text.find("=\"");
        if (equals == std::string_view::npos) {
            return false;
        }
        const std::string name(text.substr(0, equals));
        text.remove_prefix(equals + 2);
        std::string value;
        while (!text.empty() && text.front() != '"') {
            if (text.front() == '\\' && text.size() > 1) {
                text.remove_prefix(1);
                value += text.front() == 'n' ? '\n' : text.front();
            } else {
                value += text.front();
            }
            text.remove_prefix(1);
        }
        if (text.empty()) {
            return false;
        }
        text.remove_prefix(1);
        if (text.starts_with(',')) {
            text.remove_prefix(1);
        }
        labels[name] = std::move(value);
    }
    if (text.empty()) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

std::optional<Sample> parse_line(std::string_view line) {
    Sample sample;
    const std::size_t end_of_name = line.find_first_of("{ ");
    if (line.starts_with('#') || end_of_name == std::string_view::npos || end_of_name == 0) {
        return std::nullopt;
    }
    sample.name = line.substr(0, end_of_name);
    line.remove_prefix(end_of_name);
    if (line.front() == '{') {
        line.remove_prefix(1);
        if (!parse_labels(line, sample.labels)) {
            return std::nullopt;
        }
    }
    const std::string number(line);
    char* end = nullptr;
    sample.value = std::strtod(number.c_str(), &end);
    if (end == number.c_str()) {
        return std::nullopt;
    }
    return sample;
}

bool has_labels(const Sample& sample, const Labels& wanted) {
    return std::ranges::all_of(wanted, [&sample](const auto& pair) {
        const auto found = sample.labels.find(pair.first);
        return found != sample.labels.end() && found->second == pair.second;
    });
}

}  // namespace

std::vector<Sample> parse_metrics(std::string_view text) {
    std::vector<Sample> samples;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (auto sample = parse_line(text.substr(0, end))) {
            samples.push_back(std::move(*sample));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return samples;
}

double sum_of(const std::vector<Sample>& samples, std::string_view name, const Labels& labels) {
    double sum = 0;
    for (const Sample& sample : samples) {
        if (sample.name == name && has_labels(sample, labels)) {
            sum += sample.value;
        }
    }
    return sum;
}

std::string count_text(double count) {
    return fmt::format("{:.0f}", count);
}

}  // namespace proxy::command::demo
