// What HTTP/1 costs per message, without I/O: reading a head, choosing what goes on, writing it.
#include "proxy/http/forwarding.hpp"
#include "proxy/http/http1_codec.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace proxy::http;

constexpr std::string_view k_request =
    "GET /api/v1/books/1234?fields=title,author HTTP/1.1\r\n"
    "Host: bookstore.shop.svc.cluster.local:8080\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: application/json, text/plain;q=0.9, */*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Authorization: Bearer 0123456789abcdef0123456789abcdef0123456789abcdef\r\n"
    "Cookie: session=0123456789abcdef; theme=dark\r\n"
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
    "X-Request-Id: 7f9c2ba4-e88f-11ec-8fea-0242ac120002\r\n"
    "Connection: keep-alive\r\n"
    "\r\n";

constexpr std::string_view k_response_head =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.22.1\r\n"
    "Date: Mon, 24 Aug 2026 12:00:00 GMT\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Content-Length: 1024\r\n"
    "Last-Modified: Mon, 24 Aug 2026 11:00:00 GMT\r\n"
    "Connection: keep-alive\r\n"
    "ETag: \"66c9a1b0-400\"\r\n"
    "Cache-Control: max-age=60, private\r\n"
    "Vary: Accept-Encoding\r\n"
    "\r\n";

void read_request(RequestReader& reader, std::string_view input) {
    const Step head = reader.feed(input);
    const Step end = reader.feed({});
    if (head.event != Event::head || end.event != Event::end) {
        std::abort();
    }
}

void read_response(ResponseReader& reader, std::string_view input) {
    reader.expect_response_to("GET");
    Step step = reader.feed(input);
    while (step.event != Event::end) {
        if (step.event == Event::error || step.event == Event::need_more) {
            std::abort();
        }
        input.remove_prefix(step.consumed);
        step = reader.feed(input);
    }
}

void parse_request(benchmark::State& state) {
    RequestReader reader{proxy::Limits{}};
    for (auto _ : state) {
        read_request(reader, k_request);
        benchmark::DoNotOptimize(reader.head().fields.data());
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(k_request.size()));
}
BENCHMARK(parse_request);

void parse_and_forward_request(benchmark::State& state) {
    RequestReader reader{proxy::Limits{}};
    FieldList fields;
    std::string out;
    for (auto _ : state) {
        read_request(reader, k_request);
        forward_request_fields(reader.head(), fields);
        out.clear();
        append_request_head(
            out, {.method = reader.head().method, .target = reader.head().target}, fields
        );
        benchmark::DoNotOptimize(out.data());
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(k_request.size()));
}
BENCHMARK(parse_and_forward_request);

void parse_response(benchmark::State& state) {
    const std::string response = std::string(k_response_head) + std::string(1024, 'x');
    ResponseReader reader{proxy::Limits{}};
    for (auto _ : state) {
        read_response(reader, response);
        benchmark::DoNotOptimize(reader.head().fields.data());
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(response.size()));
}
BENCHMARK(parse_response);

void parse_and_forward_response(benchmark::State& state) {
    const std::string response = std::string(k_response_head) + std::string(1024, 'x');
    ResponseReader reader{proxy::Limits{}};
    FieldList fields;
    std::string out;
    for (auto _ : state) {
        read_response(reader, response);
        const BodyKind kind = forward_response_fields(reader.head(), {}, fields);
        benchmark::DoNotOptimize(kind);
        out.clear();
        append_response_head(out, reader.head().status, reader.head().reason_phrase, fields);
        benchmark::DoNotOptimize(out.data());
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(response.size()));
}
BENCHMARK(parse_and_forward_response);

/// 64 chunks of 1 KiB.
void parse_chunked_response(benchmark::State& state) {
    std::string response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 64; ++i) {
        append_chunk_head(response, 1024);
        response.append(1024, 'x').append(k_chunk_end);
    }
    append_last_chunk(response, {});
    ResponseReader reader{proxy::Limits{}};
    for (auto _ : state) {
        read_response(reader, response);
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(response.size()));
}
BENCHMARK(parse_chunked_response);

/// A head of 60 KiB, 100 bytes at a time: must cost as much per byte as any other.
void parse_dribbled_request(benchmark::State& state) {
    std::string request = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 60; ++i) {
        request.append("X-Long: ").append(1014, 'x').append("\r\n");
    }
    request.append("\r\n");
    RequestReader reader{proxy::Limits{}};
    for (auto _ : state) {
        for (std::size_t size = 100; size < request.size(); size += 100) {
            const Step step = reader.feed(std::string_view{request}.substr(0, size));
            benchmark::DoNotOptimize(step.event);
        }
        read_request(reader, request);
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(request.size()));
}
BENCHMARK(parse_dribbled_request);

}  // namespace
