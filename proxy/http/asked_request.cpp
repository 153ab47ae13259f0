#include "proxy/http/asked_request.hpp"

#include "proxy/http/forwarding.hpp"
#include "proxy/http/head_meaning.hpp"
#include "proxy/http/head_text.hpp"
#include "proxy/http/message.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy::http {
namespace {

/// A byte that would break the request line into other parts than were asked about.
bool breaks_line(std::string_view part) {
    return std::any_of(part.begin(), part.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte == 0x7f;
    });
}

std::string head_text(const policy::RequestQuestion& question) {
    std::string text = question.method + ' ' + question.target + " HTTP/1.1\r\n";
    bool has_host = false;
    for (const policy::HeaderLine& header : question.headers) {
        has_host |= is_same_name(header.name, "host");
        text += header.name + ": " + header.value + "\r\n";
    }
    if (!has_host) {
        text += "Host: " + question.authority + "\r\n";
    }
    return text + "\r\n";
}

bool is_among(const FieldList& fields, std::string_view name) {
    return std::any_of(fields.begin(), fields.end(), [name](const Field& field) {
        return is_same_name(field.name, name);
    });
}

Trouble understand(
    const policy::RequestQuestion& question, const Limits& limits, RequestHead& head
) {
    if (breaks_line(question.method) || breaks_line(question.target)) {
        return {"the method or the target holds a space or a control character"};
    }
    head.text = head_text(question);
    HeadScanner scanner;
    if (!scanner.scan(head.text, limits)) {
        return scanner.trouble() ? scanner.trouble() : Trouble{"the head does not end"};
    }
    return understand_request(head, scanner, limits);
}

}  // namespace

void read_as_proxy(policy::RequestQuestion& question, const Limits& limits) {
    RequestHead head;
    if (const Trouble trouble = understand(question, limits, head)) {
        question.malformed = trouble.cause;
        return;
    }
    FieldList judged;
    forward_request_fields(head, judged);
    std::vector<policy::HeaderLine> headers;
    for (const Field& field : judged) {
        headers.push_back({std::string(field.name), std::string(field.value)});
    }
    for (const Field& field : head.fields) {
        if (!is_among(judged, field.name)) {
            question.dropped.emplace_back(field.name);
        }
    }
    question.authority = head.authority;
    question.headers = std::move(headers);
}

}  // namespace proxy::http
