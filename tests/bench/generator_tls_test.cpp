// The generator against a TLS server of OpenSSL's, on a thread beside it.
#include "bench/load/generator.hpp"
#include "tests/bench/loopback_server.hpp"
#include "tls/authority.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench::load {
namespace {

constexpr std::string_view k_ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
// Of every run: an open loop, so that it is as many on a busy machine.
constexpr unsigned k_requests = 6;
constexpr const char* k_alpn = "smilax/http1.1";

/// Certificates of one authority, as files in a directory of this process and test.
struct Identity {
    explicit Identity(const std::string& name)
        : folder(
              testing::TempDir() + "/load-" + std::to_string(getpid()) + "-" +
              testing::UnitTest::GetInstance()->current_test_info()->name() + "-" + name
          ) {
        std::filesystem::create_directories(folder);
        const auto authority = tls::Authority::make("cluster.local");
        const auto identity = policy::parse_identity("spiffe://cluster.local/ns/default/sa/web");
        const auto leaf = authority->issue(*identity);
        std::ofstream(options.certificate = folder + "/tls.crt") << leaf->certificate;
        std::ofstream(options.key = folder + "/tls.key") << leaf->key;
        std::ofstream(options.trust = folder + "/ca.crt") << authority->root().certificate;
    }
    Identity(const Identity&) = delete;
    Identity& operator=(const Identity&) = delete;
    ~Identity() { std::filesystem::remove_all(folder); }

    std::string folder;
    TlsOptions options;
};

int choose_alpn(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered, unsigned, void*) {
    *chosen = offered + 1;
    *length = offered[0];
    return SSL_TLSEXT_ERR_OK;
}

Owned<SSL_CTX> server_context(const TlsOptions& files, bool speaks_alpn) {
    Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
    EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM), 1);
    EXPECT_EQ(SSL_CTX_load_verify_file(context.get(), files.trust.c_str()), 1);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    const unsigned char id[] = {'x'};
    SSL_CTX_set_session_id_context(context.get(), id, sizeof id);
    if (speaks_alpn) {
        SSL_CTX_set_alpn_select_cb(context.get(), choose_alpn, nullptr);
    }
    return context;
}

/// One connection at a time.
class Server {
 public:
    explicit Server(const TlsOptions& files, bool speaks_alpn = true)
        : context_(server_context(files, speaks_alpn)),
          loopback_([this](int listener, int stopped) { serve(listener, stopped); }) {}

    [[nodiscard]] Options options(const TlsOptions& client, Mode mode = Mode::keep_alive) const {
        Options options;
        options.to = loopback_.address();
        options.request.host = "api";
        options.request.path = "/";
        options.connections = 1;
        options.seconds = 0.2;
        options.rate = k_requests / options.seconds;
        options.mode = mode;
        options.tls = client;
        return options;
    }
    [[nodiscard]] bool was_always_asked_in_tls13_with_alpn() const { return as_asked_; }

 private:
    void serve(int listener, int stopped) {
        pollfd watched[] = {{stopped, POLLIN, 0}, {listener, POLLIN, 0}};
        while (poll(watched, 2, -1) > 0 && watched[0].revents == 0) {
            const int descriptor = accept(listener, nullptr, nullptr);
            serve_connection(descriptor);
            ::close(descriptor);
        }
    }

    void serve_connection(int descriptor) {
        const Owned<SSL> ssl(SSL_new(context_.get()));
        SSL_set_fd(ssl.get(), descriptor);
        if (SSL_accept(ssl.get()) != 1) {
            return;
        }
        const unsigned char* alpn = nullptr;
        unsigned length = 0;
        SSL_get0_alpn_selected(ssl.get(), &alpn, &length);
        const std::string_view chosen(reinterpret_cast<const char*>(alpn), length);
        as_asked_ = as_asked_ && chosen == k_alpn && SSL_version(ssl.get()) == TLS1_3_VERSION;
        char request[4096];
        int bytes = 0;
        bool is_last = false;
        while (!is_last && (bytes = SSL_read(ssl.get(), request, sizeof request)) > 0) {
            const std::string_view text(request, static_cast<std::size_t>(bytes));
            is_last = text.find("Connection: close") != std::string_view::npos;
            SSL_write(ssl.get(), k_ok.data(), static_cast<int>(k_ok.size()));
        }
        SSL_shutdown(ssl.get());
    }

    Owned<SSL_CTX> context_;
    std::atomic<bool> as_asked_ = true;
    LoopbackServer loopback_;  // last: its thread uses the others
};

Result run(const Options& options) {
    Generator generator(options);
    generator.prepare();
    generator.load();
    return generator.result();
}

TlsOptions with_alpn(TlsOptions options) {
    options.alpn = k_alpn;
    return options;
}

class GeneratorTls : public testing::Test {
 protected:
    // A peer that is gone must not end the server's thread: OpenSSL writes with write(2).
    void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }

    Identity ours_{"ours"};
};

TEST_F(GeneratorTls, SpeaksTls13WithItsCertificateAndTheProtocolAskedFor) {
    const Server server(ours_.options);
    const Result result = run(server.options(with_alpn(ours_.options)));
    EXPECT_EQ(result.requests, k_requests);
    EXPECT_EQ(result.handshakes, 1U);
    EXPECT_EQ(result.errors.tls + result.errors.read + result.errors.unanswered, 0U);
    EXPECT_TRUE(server.was_always_asked_in_tls13_with_alpn());
}

TEST_F(GeneratorTls, MakesAFullHandshakeForEachConnectionUnlessAsked) {
    const Server server(ours_.options);
    const Result result = run(server.options(ours_.options, Mode::close));
    EXPECT_EQ(result.requests, k_requests);
    EXPECT_EQ(result.handshakes, k_requests);
    EXPECT_EQ(result.resumed, 0U);
    EXPECT_EQ(result.errors.tls + result.errors.read, 0U);
}

TEST_F(GeneratorTls, ResumesTheSessionOfTheConnectionBeforeWhenAsked) {
    const Server server(ours_.options);
    Options options = server.options(ours_.options, Mode::close);
    options.tls->may_resume = true;
    const Result result = run(options);
    EXPECT_EQ(result.handshakes, k_requests);
    EXPECT_EQ(result.resumed, k_requests - 1);
    EXPECT_EQ(result.errors.tls + result.errors.read, 0U);
}

TEST_F(GeneratorTls, MakesHandshakesAlone) {
    const Server server(ours_.options);
    const Result result = run(server.options(ours_.options, Mode::handshakes_only));
    EXPECT_EQ(result.requests, 0U);
    EXPECT_EQ(result.latencies.count(), k_requests);
    EXPECT_EQ(result.handshakes, k_requests);
    EXPECT_EQ(result.errors.tls + result.errors.read, 0U);
}

TEST_F(GeneratorTls, TrustsNobodyElsesServer) {
    const Identity theirs("theirs");
    const Server server(theirs.options);
    const Result result = run(server.options(ours_.options));
    // Once beforehand, and then for every request.
    EXPECT_EQ(result.errors.tls, 1 + k_requests);
    EXPECT_EQ(result.requests + result.handshakes, 0U);
}

TEST_F(GeneratorTls, CountsHandshakesAfterWhichTheServerRefusesIt) {
    const Identity theirs("theirs");
    TlsOptions stranger = theirs.options;
    stranger.trust = ours_.options.trust;
    const Server server(ours_.options);
    for (const Mode mode : {Mode::handshakes_only, Mode::close}) {
        const Result result = run(server.options(stranger, mode));
        EXPECT_EQ(result.errors.tls + result.errors.read, k_requests);
        EXPECT_EQ(result.latencies.count(), 0U);
    }
}

TEST_F(GeneratorTls, CountsServersThatDoNotChooseItsProtocol) {
    const Server server(ours_.options, false);
    const Result result = run(server.options(with_alpn(ours_.options)));
    // Once beforehand, and then for every request.
    EXPECT_EQ(result.errors.tls, 1 + k_requests);
    EXPECT_EQ(result.requests, 0U);
}

TEST_F(GeneratorTls, SaysWhichFileCannotBeUsed) {
    const Server server(ours_.options);
    TlsOptions wrong = ours_.options;
    wrong.key = wrong.certificate;
    try {
        const Generator generator(server.options(wrong));
        FAIL() << "a certificate is no key";
    } catch (const std::runtime_error& said) {
        EXPECT_NE(std::string(said.what()).find("--tls-key " + wrong.key), std::string::npos);
    }
}

}  // namespace
}  // namespace bench::load
