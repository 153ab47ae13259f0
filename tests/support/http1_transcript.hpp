// What a reader makes of a stream of bytes, as text: to compare ways of splitting it and to say in
// a test what is expected. Plays the connection's buffer: unconsumed bytes are offered again.
#pragma once

#include "policy/reason.hpp"
#include "proxy/http/http1_codec.hpp"
#include "tests/support/llhttp_opinion.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace support {

inline std::string text_of(const proxy::http::Framing& framing) {
    switch (framing.kind) {
        case proxy::http::BodyKind::none:
            return "none";
        case proxy::http::BodyKind::length:
            return "length " + std::to_string(framing.length);
        case proxy::http::BodyKind::chunked:
            return "chunked";
        case proxy::http::BodyKind::until_close:
            return "until_close";
    }
    return "?";
}

inline std::string text_of(std::span<const proxy::http::Field> fields) {
    std::string text;
    for (const auto& field : fields) {
        text.append(field.name).append(": ").append(field.value).append("\n");
    }
    return text;
}

inline std::string common_text(const proxy::http::Head& head) {
    return " 1." + std::to_string(head.minor_version) + " " + text_of(head.framing) +
           (head.keep_alive ? " keep" : " close") + (head.has_upgrade ? " upgrade" : "") + "\n" +
           text_of(head.fields);
}

inline std::string head_text(const proxy::http::RequestHead& head) {
    std::string text = "request ";
    text.append(head.method).append(" ").append(head.target).append(" @").append(head.authority);
    return text + (head.expects_continue ? " continue" : "") + common_text(head);
}

inline std::string head_text(const proxy::http::ResponseHead& head) {
    std::string text = "response " + std::to_string(head.status) + " ";
    return text.append(head.reason_phrase) + common_text(head);
}

/// Reads one stream. `Reader` is RequestReader or ResponseReader.
template <class Reader>
class Transcriber {
 public:
    explicit Transcriber(Reader& reader) : reader_(reader) {}

    /// Bytes arrive. All events that they allow are written down.
    void receive(std::string_view bytes) {
        buffer_.append(bytes);
        while (!is_over_) {
            const proxy::http::Step step = reader_.feed(buffer_);
            note(step);
            buffer_.erase(0, step.consumed);
            if (step.event == proxy::http::Event::need_more) {
                return;
            }
            // Past the end of a message a reader waits for the next; so do we.
            if (step.event == proxy::http::Event::end && buffer_.empty()) {
                return;
            }
        }
    }

    void note(const proxy::http::Step& step) {
        switch (step.event) {
            case proxy::http::Event::need_more:
                break;
            case proxy::http::Event::head:
                text_ += head_text(reader_.head());
                if (objection_.empty()) {
                    objection_ = llhttp_objection(reader_.head());
                }
                break;
            case proxy::http::Event::body:
                body_.append(step.chunk);
                break;
            case proxy::http::Event::end:
                text_ += "body " + body_ + "\n" + text_of(reader_.trailers()) + "end\n";
                body_.clear();
                if (on_end) {
                    on_end();
                }
                break;
            case proxy::http::Event::error:
                text_ += "body " + body_ + "\nerror ";
                text_ += policy::to_string(reader_.failure().reason);
                text_ += ": " + reader_.failure().cause + "\n";
                is_over_ = true;
                break;
        }
    }

    [[nodiscard]] const std::string& text() const { return text_; }
    /// What another reader makes otherwise of some head that this one accepted; empty: nothing.
    [[nodiscard]] std::string_view objection() const { return objection_; }
    [[nodiscard]] const std::string& buffer() const { return buffer_; }
    [[nodiscard]] bool has_failed() const { return is_over_; }
    /// Ends the reading (the connection left HTTP).
    void stop() { is_over_ = true; }

    /// Called after each end, while head() and trailers() are valid.
    std::function<void()> on_end;

 private:
    Reader& reader_;
    std::string buffer_;
    std::string body_;
    std::string text_;
    std::string_view objection_;
    bool is_over_ = false;
};

}  // namespace support
