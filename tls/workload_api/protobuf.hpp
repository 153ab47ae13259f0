// The wire format of Protocol Buffers, as far as messages of the Workload API need it: fields in
// the order in which they came. Pure, and fuzzed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tls::workload_api {

/// One field of a message. Fixed-width values are passed over by the reader.
struct ProtobufField {
    enum class Type : std::uint8_t { varint, bytes };
    std::uint32_t number = 0;
    Type type = Type::varint;
    std::uint64_t varint = 0;
    std::string_view bytes;  // of the message that is read
};

/// Reads one message, without recursion: a message in it is read by a reader of its own. Nothing is
/// copied; the text outlives the reader and its fields.
class ProtobufReader {
 public:
    explicit ProtobufReader(std::string_view message) : rest_(message) {}

    /// The next field that is a number or bytes. Nothing at the end, and where the message is
    /// damaged: a length beyond its end, a number longer than 64 bits, field 0, a group (which no
    /// message of today has).
    [[nodiscard]] std::optional<ProtobufField> next();
    [[nodiscard]] bool is_damaged() const { return is_damaged_; }

 private:
    [[nodiscard]] std::optional<std::uint64_t> take_varint();
    [[nodiscard]] std::optional<std::string_view> take_bytes(std::uint64_t size);
    [[nodiscard]] bool take_value(std::uint64_t wire_type, ProtobufField& field, bool& is_wanted);

    std::string_view rest_;
    bool is_damaged_ = false;
};

}  // namespace tls::workload_api
