#include "proxy/command/demo/outcome.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace proxy::command::demo {
namespace {

std::string word_of(const boost::json::value& body, std::string_view key) {
    const boost::json::object* object = body.if_object();
    const boost::json::value* value = object == nullptr ? nullptr : object->if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

}  // namespace

std::string Outcome::text() const {
    if (status == 0) {
        return "no answer: " + error;
    }
    const std::string& who = application.empty() ? reason : application;
    return who.empty() ? std::to_string(status) : fmt::format("{} {}", status, who);
}

Outcome outcome_of(const policy::Result<HttpAnswer>& answer) {
    Outcome outcome;
    if (!answer) {
        outcome.error = answer.error();
        return outcome;
    }
    outcome.status = answer->status;
    boost::system::error_code error;
    const boost::json::value body = boost::json::parse(answer->body, error);
    if (!error) {
        outcome.application = word_of(body, "app");
        outcome.reason = word_of(body, "reason");
    }
    return outcome;
}

}  // namespace proxy::command::demo
