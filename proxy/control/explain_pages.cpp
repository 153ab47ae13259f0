#include "proxy/control/explain_pages.hpp"

#include "policy/explain.hpp"
#include "proxy/http/asked_request.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace proxy::control {
namespace {

using policy::QuestionWords;
using policy::Result;
using Place = std::optional<std::string> QuestionWords::*;

/// The parameters that may come once; "header" may be repeated.
struct Parameter {
    std::string_view name;
    Place place;
};
using Parameters = std::span<const Parameter>;

constexpr std::array<Parameter, 6> k_access_parameters{{
    {"from", &QuestionWords::from},
    {"from-address", &QuestionWords::from_address},
    {"port", &QuestionWords::port},
    {"protocol", &QuestionWords::protocol},
    {"method", &QuestionWords::method},
    {"path", &QuestionWords::path},
}};
constexpr std::array<Parameter, 4> k_route_parameters{{
    {"host", &QuestionWords::host},
    {"protocol", &QuestionWords::protocol},
    {"method", &QuestionWords::method},
    {"path", &QuestionWords::path},
}};

std::optional<unsigned> hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return static_cast<unsigned>(c - 'a' + 10);
    }
    if (c >= 'A' && c <= 'F') {
        return static_cast<unsigned>(c - 'A' + 10);
    }
    return std::nullopt;
}

/// RFC 3986 §2.1; '+' is itself. nullopt for an escape that is none.
std::optional<std::string> decode_percent(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        const auto high = i + 2 < text.size() ? hex_value(text[i + 1]) : std::nullopt;
        const auto low = high ? hex_value(text[i + 2]) : std::nullopt;
        if (!low) {
            return std::nullopt;
        }
        decoded += static_cast<char>(*high * 16 + *low);
        i += 2;
    }
    return decoded;
}

std::string known_names(const Parameters& parameters) {
    std::string names;
    for (const Parameter& parameter : parameters) {
        names += std::string(parameter.name) + ", ";
    }
    return names + "header";
}

/// Stores one "name=value"; the error names it.
Result<void> read_pair(std::string_view pair, const Parameters& parameters, QuestionWords& words) {
    const std::size_t equals = pair.find('=');
    const std::string name(pair.substr(0, equals));
    const auto known = std::find_if(parameters.begin(), parameters.end(), [&](const auto& one) {
        return one.name == name;
    });
    if (known == parameters.end() && name != "header") {
        return policy::failed<void>(
            "there is no parameter \"" + name + "\"; there are " + known_names(parameters)
        );
    }
    auto value =
        equals == std::string_view::npos ? std::nullopt : decode_percent(pair.substr(equals + 1));
    if (!value) {
        return policy::failed<void>(name + ": it has no value that can be percent-decoded");
    }
    if (known == parameters.end()) {
        words.headers.push_back(std::move(*value));
        return {};
    }
    if (words.*(known->place)) {
        return policy::failed<void>(name + ": it is there twice");
    }
    words.*(known->place) = std::move(*value);
    return {};
}

/// The size of a query is bounded by that of the request's head (AdminLimits).
Result<QuestionWords> read_query(std::string_view query, const Parameters& parameters) {
    QuestionWords words;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        if (const auto stored = read_pair(query.substr(0, end), parameters, words); !stored) {
            return policy::failed<QuestionWords>(stored.error());
        }
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return words;
}

AdminPage bad_request(const std::string& sentence) {
    AdminPage page;
    page.status = 400;
    page.body = sentence + '\n';
    return page;
}

/// `explain` asks; the snapshot stays alive until the answer is text.
template <class Question, class Explain>
AdminPage answer(
    const AdminHandlers& handlers, Result<Question>& question, const Explain& explain
) {
    if (!question) {
        return bad_request(question.error());
    }
    AdminPage page;
    const std::shared_ptr<const policy::Snapshot> snapshot = handlers.snapshot();
    if (snapshot == nullptr) {
        page.status = 503;
        page.body = "no resources yet\n";
        return page;
    }
    http::read_as_proxy(question->request, handlers.limits);
    page.content_type = "application/json";
    page.body = to_json(explain(*snapshot, *question), handlers.problems()) + '\n';
    return page;
}

}  // namespace

AdminPage explain_access_page(const AdminHandlers& handlers, std::string_view query) {
    const auto words = read_query(query, k_access_parameters);
    if (!words) {
        return bad_request(words.error());
    }
    auto question = policy::read_access_question(*words, handlers.trust_domain);
    return answer(handlers, question, policy::explain_access);
}

AdminPage explain_route_page(const AdminHandlers& handlers, std::string_view query) {
    const auto words = read_query(query, k_route_parameters);
    if (!words) {
        return bad_request(words.error());
    }
    auto question = policy::read_route_question(*words);
    return answer(handlers, question, policy::explain_route);
}

}  // namespace proxy::control
