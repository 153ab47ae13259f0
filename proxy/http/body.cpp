#include "proxy/http/body.hpp"

#include "proxy/http/forwarding.hpp"

namespace proxy::http {

void Gather::add(std::string_view text) {
    if (!text.empty()) {
        pieces_[count_++] = boost::asio::buffer(text);
    }
}

void Gather::add_body(std::string_view bytes, BodyKind kind) {
    if (kind != BodyKind::chunked) {
        add(bytes);
        ++chunks_;
        return;
    }
    std::string& head = chunk_heads_[chunks_++];
    head.clear();
    append_chunk_head(head, bytes.size());
    add(head);
    add(bytes);
    add(k_chunk_end);
}

void Gather::add_end(BodyKind kind, std::span<const Field> trailers) {
    if (kind != BodyKind::chunked) {
        return;
    }
    FieldList fields;
    forward_trailers(trailers, fields);
    last_chunk_.clear();
    append_last_chunk(last_chunk_, fields);
    add(last_chunk_);
}

std::span<const boost::asio::const_buffer> Gather::buffers() const {
    return {pieces_.data(), count_};
}

void Gather::clear() {
    count_ = 0;
    chunks_ = 0;
}

BodyPart::Kind gather_body(BodySource& source, BodyKind kind, Gather& gather) {
    while (!gather.is_full()) {
        const BodyPart part = source.poll();
        switch (part.kind) {
            case BodyPart::Kind::data:
                gather.add_body(part.bytes, kind);
                break;
            case BodyPart::Kind::end:
                gather.add_end(kind, source.trailers());
                return part.kind;
            case BodyPart::Kind::empty:
            case BodyPart::Kind::broken:
                return part.kind;
        }
    }
    return BodyPart::Kind::data;
}

}  // namespace proxy::http
