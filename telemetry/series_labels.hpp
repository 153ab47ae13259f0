// Private to telemetry/: how a label set is written, in Linkerd's words (smi.md §3.4 lists them).
#pragma once

#include "telemetry/numbers.hpp"

#include <string>
#include <string_view>

namespace telemetry {

/// The labels of one series, in the order of the catalog.
class SeriesLabels {
 public:
    /// An empty value adds nothing. What is not printable ASCII is escaped: one byte that is not
    /// UTF-8 would make Prometheus refuse the whole scrape.
    void add(std::string_view name, std::string_view value);
    [[nodiscard]] SeriesLabels with(std::string_view name, std::string_view value) const;
    /// As they stand between the braces: `name="value",name="value"`.
    [[nodiscard]] const std::string& text() const { return text_; }

 private:
    std::string text_;
};

/// False for what is no label name, and for names that the catalog uses: a label that stands twice
/// would make Prometheus refuse the whole scrape.
[[nodiscard]] bool may_be_owner_label(std::string_view name);

[[nodiscard]] SeriesLabels labels_of(const HttpTarget& target);
[[nodiscard]] SeriesLabels labels_of(const TcpTarget& target);
[[nodiscard]] SeriesLabels labels_of(const VerdictLabels& verdict);
[[nodiscard]] SeriesLabels labels_of(const SplitLabels& split);
[[nodiscard]] SeriesLabels labels_of(const ErrorLabels& error);

}  // namespace telemetry
