// Writes JSON text (RFC 8259), value by value, in the order in which it is told.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// Compact, or with two spaces of indent for people. Bytes that are not UTF-8 become U+FFFD, so
/// that the output is always JSON. Calls must nest properly; asserts check it.
class JsonWriter {
 public:
    enum class Layout : std::uint8_t { compact, indented };

    explicit JsonWriter(Layout layout = Layout::compact) : layout_(layout) {}

    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }
    /// Before each value of an object.
    void key(std::string_view name);

    void value(std::string_view text);
    void value(const char* text) { value(std::string_view(text)); }
    void value(std::uint64_t number);
    /// The shortest text that reads as the same number; it must be finite.
    void value(double number);
    void value(bool flag);
    void null();

    /// A key with its value.
    template <class T>
    void member(std::string_view name, const T& content) {
        key(name);
        value(content);
    }

    /// The text so far; complete when everything opened is closed.
    [[nodiscard]] const std::string& text() const { return text_; }

 private:
    void open(char bracket);
    void close(char bracket);
    void before_value();
    void new_line();
    void append_quoted(std::string_view text);

    Layout layout_;
    std::string text_;
    std::vector<bool> has_items_;  // one for each open bracket
    bool after_key_ = false;
};

}  // namespace policy
