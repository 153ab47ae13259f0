// Private to telemetry/: the sheets of all workers as one.
#pragma once

#include "telemetry/numbers.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace telemetry {

struct ByValue {
    template <class Labels>
    bool operator()(const Labels* left, const Labels* right) const {
        return *left < *right;
    }
};
/// In the order of the label sets, so that two scrapes list their series alike.
template <class Labels, class Counts>
using Merged = std::map<const Labels*, Counts, ByValue>;

struct MergedHttp {
    struct Responses {
        bool failed = false;
        std::uint64_t count = 0;
    };
    std::uint64_t requests = 0;
    std::map<std::pair<std::uint16_t, std::string_view>, Responses> responses;  // status, error
    std::map<std::uint16_t, Histogram> latencies;                               // status
};

struct MergedTcp {
    TcpCounts counts;
    std::map<std::string_view, std::uint64_t> closes;  // error
};

/// Points into the sheets that it was made of, which must outlive it.
struct MergedNumbers {
    Merged<HttpTarget, MergedHttp> http;
    Merged<TcpTarget, MergedTcp> tcp;
    std::array<Merged<VerdictLabels, std::uint64_t>, k_verdict_families> verdicts;
    Merged<SplitLabels, std::uint64_t> splits;
    Merged<SplitLabels, std::uint64_t> empty_splits;
    Merged<ErrorLabels, std::uint64_t> errors;
};

[[nodiscard]] MergedNumbers merge(std::span<const std::shared_ptr<const Sheet::Numbers>> sheets);

}  // namespace telemetry
