// The JSON of POST /call: see application.hpp.
#include "proxy/command/demo/application.hpp"

#include <boost/json.hpp>

#include <utility>

namespace proxy::command::demo {
namespace {

namespace json = boost::json;

json::object headers_object(const HeaderLines& headers) {
    json::object object;
    for (const auto& [name, value] : headers) {
        object[name] = value;
    }
    return object;
}

std::string text_of(const json::object& object, std::string_view key, std::string_view otherwise) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string())
                                                  : std::string(otherwise);
}

HeaderLines headers_of(const json::object& object) {
    HeaderLines lines;
    const json::value* headers = object.if_contains("headers");
    if (headers != nullptr && headers->is_object()) {
        for (const auto& [name, value] : headers->as_object()) {
            if (value.is_string()) {
                lines.emplace_back(name, value.as_string());
            }
        }
    }
    return lines;
}

policy::Result<json::object> parse_object(std::string_view text) {
    boost::system::error_code error;
    json::value value = json::parse(text, error);
    if (error || !value.is_object()) {
        return policy::failed<json::object>(std::string("not a JSON object"));
    }
    return std::move(value.as_object());
}

}  // namespace

std::string to_json(const HttpCall& call) {
    return json::serialize(json::object{
        {"connect", call.connect},
        {"method", call.method},
        {"target", call.target},
        {"host", call.host},
        {"headers", headers_object(call.headers)},
    });
}

policy::Result<HttpCall> parse_call(std::string_view text) {
    const auto object = parse_object(text);
    if (!object) {
        return policy::failed<HttpCall>(object.error());
    }
    HttpCall call;
    call.connect = text_of(*object, "connect", "");
    call.method = text_of(*object, "method", "GET");
    call.target = text_of(*object, "target", "/");
    call.host = text_of(*object, "host", "");
    call.headers = headers_of(*object);
    // A control socket must not lead back to one.
    if (!policy::parse_socket_address(call.connect)) {
        return policy::failed<HttpCall>("\"connect\" is not ip:port: " + call.connect);
    }
    return call;
}

std::string to_json(const policy::Result<HttpAnswer>& answer) {
    if (!answer) {
        return json::serialize(json::object{{"error", answer.error()}});
    }
    return json::serialize(json::object{
        {"status", answer->status},
        {"headers", headers_object(answer->headers)},
        {"body", answer->body},
    });
}

policy::Result<HttpAnswer> parse_answer(std::string_view text) {
    const auto object = parse_object(text);
    if (!object) {
        return policy::failed<HttpAnswer>(object.error());
    }
    if (object->contains("error")) {
        return policy::failed<HttpAnswer>(text_of(*object, "error", "unknown"));
    }
    HttpAnswer answer;
    const json::value* status = object->if_contains("status");
    if (status == nullptr || !status->is_int64()) {
        return policy::failed<HttpAnswer>(std::string("an answer without a status"));
    }
    answer.status = static_cast<unsigned>(status->as_int64());
    answer.headers = headers_of(*object);
    answer.body = text_of(*object, "body", "");
    return answer;
}

}  // namespace proxy::command::demo
