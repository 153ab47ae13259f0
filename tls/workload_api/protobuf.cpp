#include "tls/workload_api/protobuf.hpp"

namespace tls::workload_api {

namespace {

// protobuf.dev/programming-guides/encoding: the low three bits of a tag.
constexpr std::uint64_t k_varint = 0;
constexpr std::uint64_t k_fixed64 = 1;
constexpr std::uint64_t k_length_delimited = 2;
constexpr std::uint64_t k_fixed32 = 5;
constexpr std::uint64_t k_field_number_max = (1U << 29) - 1;
constexpr int k_last_varint_shift = 63;  // the tenth byte has one bit left

}  // namespace

std::optional<ProtobufField> ProtobufReader::next() {
    while (!rest_.empty() && !is_damaged_) {
        ProtobufField field;
        bool is_wanted = false;
        const auto tag = take_varint();
        if (!tag.has_value() || *tag >> 3 == 0 || *tag >> 3 > k_field_number_max ||
            !take_value(*tag & 7, field, is_wanted)) {
            is_damaged_ = true;
            break;
        }
        if (is_wanted) {
            field.number = static_cast<std::uint32_t>(*tag >> 3);
            return field;
        }
    }
    return std::nullopt;
}

bool ProtobufReader::take_value(std::uint64_t wire_type, ProtobufField& field, bool& is_wanted) {
    switch (wire_type) {
        case k_varint: {
            const auto number = take_varint();
            field.type = ProtobufField::Type::varint;
            field.varint = number.value_or(0);
            is_wanted = true;
            return number.has_value();
        }
        case k_length_delimited: {
            const auto size = take_varint();
            const auto bytes = size.has_value() ? take_bytes(*size) : std::nullopt;
            field.type = ProtobufField::Type::bytes;
            field.bytes = bytes.value_or(std::string_view());
            is_wanted = true;
            return bytes.has_value();
        }
        case k_fixed64:
            return take_bytes(8).has_value();
        case k_fixed32:
            return take_bytes(4).has_value();
        default:
            return false;
    }
}

std::optional<std::uint64_t> ProtobufReader::take_varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift <= k_last_varint_shift && !rest_.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        if (shift == k_last_varint_shift && byte > 1) {
            return std::nullopt;
        }
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            return value;
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> ProtobufReader::take_bytes(std::uint64_t size) {
    if (size > rest_.size()) {
        return std::nullopt;
    }
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
}

}  // namespace tls::workload_api
