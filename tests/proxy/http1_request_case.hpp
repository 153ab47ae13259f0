// Requests as tables have them: a name, the bytes, and what the reader makes of them.
#pragma once

#include "proxy/http/http1_codec.hpp"
#include "tests/support/http1_transcript.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

namespace proxy::http {

inline std::string read_all(std::string_view input, const Limits& limits = {}) {
    RequestReader reader(limits);
    support::Transcriber transcriber(reader);
    transcriber.receive(input);
    EXPECT_EQ(transcriber.objection(), "");
    return transcriber.text();
}

inline std::string read_bytewise(std::string_view input, const Limits& limits = {}) {
    RequestReader reader(limits);
    support::Transcriber transcriber(reader);
    for (const char& c : input) {
        transcriber.receive({&c, 1});
    }
    EXPECT_EQ(transcriber.objection(), "");
    return transcriber.text();
}

struct Case {
    std::string name;
    std::string input;
    std::string expected;  // the transcript; of a refusal only its cause
};

// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
inline void PrintTo(const Case& value, std::ostream* out) {
    *out << value.name;
}

inline std::string name_of_case(const testing::TestParamInfo<Case>& info) {
    return info.param.name;
}

/// A request with these field lines beside Host.
inline std::string with_fields(std::string_view lines) {
    return "POST /x HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n\r\n";
}
inline std::string with_line(std::string_view line) {
    return std::string(line) + "\r\nHost: a\r\n\r\n";
}
inline std::string chunked(std::string_view body) {
    return "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(body);
}

}  // namespace proxy::http
