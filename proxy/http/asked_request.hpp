// A request that somebody asks about, read as the proxy reads those that come in.
#pragma once

#include "policy/question.hpp"
#include "proxy/limits.hpp"

namespace proxy::http {

/// Settles what policy would see of `question`: its authority, the headers that go on (only those
/// are judged), the names of those that do not, and why it is no request when it is none. Pure.
void read_as_proxy(policy::RequestQuestion& question, const Limits& limits);

}  // namespace proxy::http
