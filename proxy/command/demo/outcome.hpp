// What a call between pods came to, read from the answer of an application or of a sidecar.
#pragma once

#include "policy/result.hpp"
#include "proxy/command/demo/http_client.hpp"

#include <string>

namespace proxy::command::demo {

struct Outcome {
    unsigned status = 0;      // 0: no answer
    std::string application;  // who answered
    std::string reason;       // the word that a refusing sidecar gave
    std::string error;        // why there was no answer

    /// "200 api-v1", "403 no_target", "no answer: …"
    [[nodiscard]] std::string text() const;
};

[[nodiscard]] Outcome outcome_of(const policy::Result<HttpAnswer>& answer);

}  // namespace proxy::command::demo
