#include "tls/session.hpp"

#include "tests/tls/session_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <string>

namespace tls {
namespace {

using testing::bake;
using testing::Baked;
using testing::context_of;
using testing::context_presenting;
using ::testing::HasSubstr;
using testing::k_trust_domain;
using testing::read_all;
using testing::Recipe;
using testing::SessionPair;
using testing::signer_of;
using testing::take_output;
using testing::value_of;
using testing::write_all;
using Step = Session::Step;

const policy::Identity k_web = testing::identity("shop", "web");
const policy::Identity k_api = testing::identity("shop", "api");

class SessionTest : public ::testing::Test {
 protected:
    Authority authority_ = value_of(Authority::make(k_trust_domain));
    std::shared_ptr<const Context> web_ = context_of(authority_, k_web);
    std::shared_ptr<const Context> api_ = context_of(authority_, k_api);
};

TEST_F(SessionTest, ProvesBothIdentities) {
    SessionPair pair(api_, web_, k_api);
    pair.shake_hands();
    ASSERT_TRUE(pair.is_joined()) << pair.client.failure() << pair.server.failure();
    EXPECT_EQ(pair.server.peer().identity, k_web);
    EXPECT_EQ(pair.client.peer().identity, k_api);
    EXPECT_EQ(pair.server.peer().alpn, Alpn::http1);
    EXPECT_EQ(pair.client.peer().alpn, Alpn::http1);
    EXPECT_EQ(pair.client.proof()->leaf_not_after, api_->material->not_after);
    EXPECT_EQ(pair.client.handshake_failure(), HandshakeFailure::none);
}

TEST_F(SessionTest, AgreesOnTheOneProtocolOffered) {
    SessionPair pair(api_, web_, k_api, Alpn::tcp);
    pair.shake_hands();
    ASSERT_TRUE(pair.is_joined());
    EXPECT_EQ(pair.server.peer().alpn, Alpn::tcp);
}

TEST_F(SessionTest, RefusesAProtocolThatIsNotServed) {
    SessionPair pair(api_, web_, k_api, Alpn::h2);
    pair.shake_hands();
    EXPECT_EQ(pair.server_step, Step::failed);
    EXPECT_EQ(pair.client_step, Step::failed);
    EXPECT_THAT(pair.client.failure(), HasSubstr("no application protocol"));
    EXPECT_EQ(pair.client.handshake_failure(), HandshakeFailure::refused_by_peer);
}

TEST_F(SessionTest, RefusesAClientWithoutProtocol) {
    SessionPair pair(api_, web_, k_api, Alpn::none);
    pair.shake_hands();
    EXPECT_EQ(pair.server_step, Step::failed);
    EXPECT_THAT(pair.server.failure(), HasSubstr("none of our protocols"));
    EXPECT_EQ(pair.server.handshake_failure(), HandshakeFailure::no_common_protocol);
}

/// Of a port that answers standard clients.
constexpr Accepting k_standard{Clients::standard, 9102};

TEST_F(SessionTest, AnswersStandardClientsOnlyWhereItIsTold) {
    for (const Alpn alpn : {Alpn::standard_http1, Alpn::standard}) {
        SessionPair mesh(api_, web_, k_api, alpn);
        mesh.shake_hands();
        EXPECT_EQ(mesh.server_step, Step::failed);
        SessionPair pair(api_, web_, k_api, alpn, k_standard);
        pair.shake_hands();
        ASSERT_TRUE(pair.is_joined()) << pair.client.failure() << pair.server.failure();
        EXPECT_EQ(pair.server.peer().identity, k_web);
        EXPECT_EQ(pair.server.peer().alpn, alpn);
        EXPECT_EQ(pair.client.peer().alpn, alpn);
    }
}

TEST_F(SessionTest, AnswersSidecarsOnAStandardPortToo) {
    for (const Alpn alpn : {Alpn::mux, Alpn::http1, Alpn::tcp}) {
        SessionPair pair(api_, web_, k_api, alpn, k_standard);
        pair.shake_hands();
        ASSERT_TRUE(pair.is_joined()) << pair.client.failure() << pair.server.failure();
        EXPECT_EQ(pair.server.peer().alpn, alpn);
    }
}

TEST_F(SessionTest, SaysWhichProtocolsAClientOffersInVain) {
    SessionPair pair(api_, web_, k_api, Alpn::h2, k_standard);
    pair.shake_hands();
    EXPECT_EQ(
        pair.server.failure(), "the peer offers none of our protocols (ALPN), only smilax/h2"
    );
    EXPECT_THAT(pair.client.failure(), HasSubstr("no application protocol"));
}

TEST_F(SessionTest, HoldsAStandardServerToItsIdentity) {
    SessionPair pair(api_, web_, testing::identity("shop", "db"), Alpn::standard_http1, k_standard);
    pair.shake_hands();
    EXPECT_EQ(pair.client.handshake_failure(), HandshakeFailure::unexpected_identity);
    EXPECT_EQ(pair.server.peer().identity, policy::Identity());
}

TEST_F(SessionTest, TakesEveryKindOfKey) {
    for (const KeyKind kind : {KeyKind::rsa_2048, KeyKind::ed25519}) {
        SessionPair pair(context_of(authority_, k_api, kind), web_, k_api);
        pair.shake_hands();
        EXPECT_TRUE(pair.is_joined()) << pair.client.failure();
    }
}

TEST_F(SessionTest, NeverShowsItsCertificateToTheWrongServer) {
    SessionPair pair(api_, web_, testing::identity("shop", "db"));
    pair.shake_hands();
    EXPECT_EQ(pair.client_step, Step::failed);
    EXPECT_EQ(pair.client.handshake_failure(), HandshakeFailure::unexpected_identity);
    EXPECT_EQ(
        pair.client.failure(),
        "peer presented spiffe://cluster.local/ns/shop/sa/api, "
        "expected spiffe://cluster.local/ns/shop/sa/db"
    );
    EXPECT_EQ(pair.server_step, Step::failed);
    EXPECT_EQ(pair.server.peer().identity, policy::Identity());
    EXPECT_EQ(pair.server.handshake_failure(), HandshakeFailure::refused_by_peer);
}

TEST_F(SessionTest, RefusesAnUntrustedAuthorityOnEitherSide) {
    const Authority other = value_of(Authority::make(k_trust_domain));
    // A stranger's root in his own bundle only; ours in both.
    const auto stranger = [&] {
        const Issued issued = value_of(other.issue(k_api));
        const PemText pem =
            testing::pem_text(issued, other.root().certificate + authority_.root().certificate);
        return value_of(make_context(value_of(parse_material(pem, k_trust_domain))));
    }();
    SessionPair as_server(stranger, web_, k_api);
    as_server.shake_hands();
    EXPECT_EQ(as_server.client_step, Step::failed);
    EXPECT_THAT(as_server.client.failure(), HasSubstr("does not verify"));
    EXPECT_EQ(as_server.client.handshake_failure(), HandshakeFailure::untrusted);
    SessionPair as_client(web_, stranger, k_web);
    as_client.shake_hands();
    EXPECT_EQ(as_client.server_step, Step::failed);
    EXPECT_THAT(as_client.server.failure(), HasSubstr("does not verify"));
}

struct BadPeer {
    const char* name;
    void (*change)(Recipe&);
    const char* sentence;
};

class BadCertificate : public SessionTest, public ::testing::WithParamInterface<BadPeer> {};

TEST_P(BadCertificate, IsRefusedAsServerAndAsClient) {
    Recipe recipe;
    GetParam().change(recipe);
    const Baked signer = signer_of(authority_);
    const auto bad = context_presenting(bake(recipe, &signer), authority_);
    SessionPair as_server(bad, api_, k_web);
    as_server.shake_hands();
    EXPECT_EQ(as_server.client_step, Step::failed);
    EXPECT_THAT(as_server.client.failure(), HasSubstr(GetParam().sentence));
    EXPECT_EQ(as_server.client.peer().identity, policy::Identity());
    SessionPair as_client(api_, bad, k_api);
    as_client.shake_hands();
    EXPECT_EQ(as_client.server_step, Step::failed);
    EXPECT_THAT(as_client.server.failure(), HasSubstr(GetParam().sentence));
    EXPECT_EQ(as_client.server.peer().identity, policy::Identity());
}

INSTANTIATE_TEST_SUITE_P(
    Session,
    BadCertificate,
    ::testing::Values(
        BadPeer{"Expired", [](Recipe& r) { r.ends_in_seconds = -10; }, "expired"},
        BadPeer{"NotYetValid", [](Recipe& r) { r.starts_in_seconds = 100; }, "not yet valid"},
        BadPeer{
            "TwoUris",
            [](Recipe& r) { r.uris.emplace_back("spiffe://x/ns/a/sa/b"); },
            "more than one URI SAN"
        },
        BadPeer{
            "OtherDomain",
            [](Recipe& r) { r.uris = {"spiffe://cluster.local.evil/ns/shop/sa/web"}; },
            "belongs to trust domain cluster.local.evil"
        },
        BadPeer{
            "Ca",
            [](Recipe& r) { r.basic_constraints = "critical,CA:TRUE"; },
            "it is a CA certificate"
        },
        BadPeer{"NoDigitalSignature", [](Recipe& r) { r.key_usage = "critical,keyAgreement"; }, ""},
        BadPeer{"NoKeyUsage", [](Recipe& r) { r.key_usage.clear(); }, "no keyUsage"},
        BadPeer{
            "CodeSigningOnly",
            [](Recipe& r) { r.extended_key_usage = "codeSigning"; },
            "extendedKeyUsage lacks serverAuth or clientAuth"
        }
    ),
    [](const auto& tested) { return std::string(tested.param.name); }
);

TEST_F(SessionTest, RefusesALeafIssuedByALeaf) {
    const Baked signer = signer_of(authority_);
    const Baked leaf = bake(Recipe(), &signer);
    Recipe forged;
    forged.uris = {"spiffe://cluster.local/ns/shop/sa/api"};
    SessionPair pair(context_presenting(bake(forged, &leaf), authority_), web_, k_api);
    pair.shake_hands();
    EXPECT_EQ(pair.client_step, Step::failed);
    EXPECT_THAT(pair.client.failure(), HasSubstr("does not verify"));
}

/// A plain OpenSSL client over memory BIOs, against a Session as server.
std::string refusal_of_raw_client(std::shared_ptr<const Context> context, int version) {
    const Owned<SSL_CTX> plain(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(plain.get(), version);
    const Owned<SSL> client(SSL_new(plain.get()));
    SSL_set_bio(client.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    const std::string protocol = "\x0esmilax/http1.1";
    SSL_set_alpn_protos(client.get(), reinterpret_cast<const unsigned char*>(protocol.data()), 15);
    SSL_set_connect_state(client.get());
    Session server(std::move(context));
    for (int i = 0; i < 10; ++i) {
        SSL_do_handshake(client.get());
        std::array<char, 20'000> buffer;
        const int sent = BIO_read(SSL_get_wbio(client.get()), buffer.data(), 20'000);
        server.feed({buffer.data(), static_cast<std::size_t>(std::max(sent, 0))});
        const Step step = server.handshake();
        if (step != Step::need_input) {
            return step == Step::failed ? server.failure() : "accepted";
        }
        std::string answer = take_output(server);
        BIO_write(SSL_get_rbio(client.get()), answer.data(), static_cast<int>(answer.size()));
    }
    return "undecided";
}

TEST_F(SessionTest, RefusesAClientWithoutCertificate) {
    EXPECT_THAT(
        refusal_of_raw_client(api_, TLS1_3_VERSION), HasSubstr("peer did not return a certificate")
    );
}

TEST_F(SessionTest, RefusesOlderTls) {
    EXPECT_THAT(refusal_of_raw_client(api_, TLS1_2_VERSION), HasSubstr("unsupported protocol"));
}

TEST_F(SessionTest, SaysWhatIsWrongWithBytesThatAreNoTls) {
    Session server(api_);
    server.feed("GET / HTTP/1.1\r\nHost: api\r\n\r\n");
    EXPECT_EQ(server.handshake(), Step::failed);
    EXPECT_THAT(server.failure(), HasSubstr("TLS failed: http request"));
    EXPECT_EQ(server.handshake(), Step::failed);
}

TEST_F(SessionTest, EndsWhenThePeerLeavesDuringTheHandshake) {
    SessionPair pair(api_, web_, k_api);
    EXPECT_EQ(pair.client.handshake(), Step::need_input);
    pair.client.end_input();
    EXPECT_EQ(pair.client.handshake(), Step::failed);
    EXPECT_EQ(pair.client.failure(), "the peer closed the connection during the TLS handshake");
}

class JoinedSessions : public SessionTest {
 protected:
    void SetUp() override {
        pair_.shake_hands();
        ASSERT_TRUE(pair_.is_joined());
    }
    SessionPair pair_{api_, web_, k_api};
    Step last_ = Step::done;
};

TEST_F(JoinedSessions, CarryBytesBothWays) {
    const std::string large(200'000, 'x');
    ASSERT_TRUE(write_all(pair_.client, "request"));
    ASSERT_TRUE(write_all(pair_.server, large));
    pair_.carry();
    EXPECT_EQ(read_all(pair_.server, last_), "request");
    EXPECT_EQ(last_, Step::need_input);
    EXPECT_EQ(read_all(pair_.client, last_), large);
    EXPECT_EQ(last_, Step::need_input);
}

TEST_F(JoinedSessions, PutSmallPiecesIntoOneRecord) {
    const std::string head = "HTTP/1.1 200 OK\r\n\r\n";
    const std::string body = "hello";
    const std::array<boost::asio::const_buffer, 3> pieces{
        boost::asio::buffer(head), boost::asio::const_buffer(), boost::asio::buffer(body)
    };
    EXPECT_EQ(pair_.server.write(pieces, 0), head.size() + body.size());
    // Record header, content type and tag are all that is added, once.
    EXPECT_EQ(pair_.server.output().size(), head.size() + body.size() + 5 + 1 + 16);
    pair_.carry();
    EXPECT_EQ(read_all(pair_.client, last_), head + body);
}

TEST_F(JoinedSessions, ContinueAnywhereInTheBuffers) {
    std::string all;
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < 40; ++i) {
        texts.emplace_back(i * 137, static_cast<char>('a' + i % 26));
        all += texts.back();
    }
    std::vector<boost::asio::const_buffer> buffers;
    for (const auto& text : texts) {
        buffers.push_back(boost::asio::buffer(text));
    }
    for (std::size_t done = 0; done < all.size();) {
        const std::size_t taken = pair_.client.write(buffers, done);
        ASSERT_GT(taken, 0U);
        done += taken;
    }
    pair_.carry();
    EXPECT_EQ(read_all(pair_.server, last_), all);
}

/// Ciphertext of the peer that is read when it is wanted, and how often it was asked for.
class TextSource final : public CiphertextSource {
 public:
    explicit TextSource(std::string text) : text_(std::move(text)) {}
    [[nodiscard]] bool is_readable() const noexcept override { return !text_.empty(); }
    std::size_t receive(std::span<char> space) noexcept override {
        const std::size_t bytes = text_.copy(space.data(), space.size());
        text_.erase(0, bytes);
        ++receives;
        return bytes;
    }
    int receives = 0;

 private:
    std::string text_;
};

/// Takes no more than it has room for.
class TextSink final : public CiphertextSink {
 public:
    explicit TextSink(std::size_t room) : room_(room) {}
    std::size_t send(std::span<const boost::asio::const_buffer> pieces) noexcept override {
        std::string all;
        for (const auto& piece : pieces) {
            all.append(static_cast<const char*>(piece.data()), piece.size());
        }
        all.resize(std::min(all.size(), room_ - text.size()));
        text += all;
        return all.size();
    }
    std::string text;

 private:
    std::size_t room_;
};

TEST_F(JoinedSessions, AskTheSourceOnceForWhatTheyRead) {
    const std::string two_records(2 * k_record_plaintext_bytes, 'x');
    ASSERT_TRUE(write_all(pair_.client, two_records + "behind"));
    const std::string ciphertext = take_output(pair_.client);
    // The beginning came earlier, by another way.
    pair_.server.feed(ciphertext.substr(0, 100));
    TextSource source(ciphertext.substr(100));
    std::string text(two_records.size(), '-');
    const auto first = pair_.server.read(text, &source);
    EXPECT_EQ(first.step, Step::done);
    EXPECT_EQ(text.substr(0, first.bytes), two_records.substr(0, first.bytes));
    EXPECT_GE(first.bytes, k_record_plaintext_bytes);
    EXPECT_EQ(source.receives, 1);
    std::string rest = text.substr(0, first.bytes);
    while (rest.size() < two_records.size() + 6) {
        const auto more = pair_.server.read(text, &source);
        ASSERT_EQ(more.step, Step::done);
        rest.append(text, 0, more.bytes);
    }
    EXPECT_EQ(rest, two_records + "behind");
    EXPECT_EQ(pair_.server.read(text, &source).step, Step::need_input);
}

TEST_F(JoinedSessions, KeepWhatTheSinkDoesNotTake) {
    const std::string text(1000, 'x');
    const std::array<boost::asio::const_buffer, 1> pieces{boost::asio::buffer(text)};
    for (const std::size_t room : {0U, 1U, 500U, 1022U, 1500U, 2044U, 9000U}) {
        TextSink sink(room);
        ASSERT_TRUE(write_all(pair_.client, text));  // 1,022 bytes in the output
        ASSERT_EQ(pair_.client.write(pieces, 0, &sink), text.size());
        EXPECT_EQ(sink.text.size(), std::min<std::size_t>(room, 2 * 1022));
        pair_.server.feed(sink.text);
        pair_.carry();
        EXPECT_EQ(read_all(pair_.server, last_), text + text) << room;
    }
}

TEST_F(JoinedSessions, WaitForTheRestOfARecord) {
    ASSERT_TRUE(write_all(pair_.client, "ab"));
    std::string record = take_output(pair_.client);
    for (const char byte : record) {
        EXPECT_FALSE(pair_.server.has_pending());
        pair_.server.feed({&byte, 1});
    }
    EXPECT_TRUE(pair_.server.has_pending());
    EXPECT_EQ(read_all(pair_.server, last_), "ab");
    EXPECT_FALSE(pair_.server.has_pending());
}

TEST_F(JoinedSessions, CloseInOneDirectionAtATime) {
    ASSERT_TRUE(write_all(pair_.client, "last"));
    pair_.client.close_output();
    pair_.carry();
    EXPECT_EQ(read_all(pair_.server, last_), "last");
    EXPECT_EQ(last_, Step::closed);
    EXPECT_TRUE(pair_.server.has_pending());
    ASSERT_TRUE(write_all(pair_.server, "answer"));
    pair_.carry();
    EXPECT_EQ(read_all(pair_.client, last_), "answer");
    EXPECT_FALSE(write_all(pair_.client, "more"));
}

TEST_F(JoinedSessions, TellTruncationFromTheEnd) {
    ASSERT_TRUE(write_all(pair_.client, "part"));
    pair_.carry();
    pair_.server.end_input();
    EXPECT_EQ(read_all(pair_.server, last_), "part");
    EXPECT_EQ(last_, Step::truncated);
}

TEST_F(JoinedSessions, RefuseAForgedRecordAndSayItTwice) {
    ASSERT_TRUE(write_all(pair_.client, "secret"));
    std::string record = take_output(pair_.client);
    record.back() = static_cast<char>(record.back() ^ 1);
    pair_.server.feed(record);
    EXPECT_EQ(read_all(pair_.server, last_), "");
    EXPECT_EQ(last_, Step::failed);
    EXPECT_THAT(pair_.server.failure(), HasSubstr("bad record mac"));
    EXPECT_FALSE(pair_.server.output().empty());  // the alert
    EXPECT_EQ(read_all(pair_.server, last_), "");
    EXPECT_EQ(last_, Step::failed);
    EXPECT_FALSE(write_all(pair_.server, "x"));
}

TEST_F(JoinedSessions, DeliverWhatCameBeforeABrokenRecord) {
    ASSERT_TRUE(write_all(pair_.client, "good"));
    std::string records = take_output(pair_.client);
    pair_.server.feed(records + "\x17\x03\x03" + std::string("\x00\x20", 2) + std::string(32, 'x'));
    EXPECT_EQ(read_all(pair_.server, last_), "good");
    EXPECT_EQ(last_, Step::failed);
}

/// OpenSSL without us, with the certificate of `self`, over memory BIOs.
class PlainPeer {
 public:
    PlainPeer(const Context& self, bool is_server)
        : context_(SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method())) {
        SSL_CTX_use_certificate(context_.get(), self.material->leaf.get());
        SSL_CTX_use_PrivateKey(context_.get(), self.material->key.get());
        SSL_CTX_set_alpn_select_cb(context_.get(), take_any, nullptr);
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        const std::string protocol = "\x0esmilax/http1.1";
        SSL_set_alpn_protos(
            ssl_.get(), reinterpret_cast<const unsigned char*>(protocol.data()), 15
        );
        is_server ? SSL_set_accept_state(ssl_.get()) : SSL_set_connect_state(ssl_.get());
    }

    void carry(Session& session) {
        std::string to_us = take_output(session);
        if (!to_us.empty()) {
            BIO_write(SSL_get_rbio(ssl_.get()), to_us.data(), static_cast<int>(to_us.size()));
        }
        std::array<char, 20'000> buffer;
        const int sent = BIO_read(SSL_get_wbio(ssl_.get()), buffer.data(), 20'000);
        session.feed({buffer.data(), static_cast<std::size_t>(std::max(sent, 0))});
    }
    void shake_hands(Session& session) {
        Step step = Step::need_input;
        for (int i = 0; i < 6; ++i) {
            SSL_do_handshake(ssl_.get());
            carry(session);
            if (step == Step::need_input) {
                step = session.handshake();
            }
            carry(session);
        }
        ASSERT_EQ(step, Step::done) << session.failure();
    }
    void update_keys() { SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED); }
    void write(const std::string& text) {
        SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
    }
    std::string read() {
        std::array<char, 1000> buffer;
        const int got = SSL_read(ssl_.get(), buffer.data(), 1000);
        return {buffer.data(), static_cast<std::size_t>(std::max(got, 0))};
    }

 private:
    static int
    take_any(SSL*, const unsigned char** selected, unsigned char* size, const unsigned char* offered, unsigned int, void*) {
        *size = *offered;
        *selected = offered + 1;
        return SSL_TLSEXT_ERR_OK;
    }
    Owned<SSL_CTX> context_;
    Owned<SSL> ssl_;
};

/// After its handshake a Session holds no session of OpenSSL's: keys are updated all the same.
void expect_key_updates(PlainPeer& peer, Session& session) {
    peer.shake_hands(session);
    Step last = Step::done;
    for (const std::string text : {"one", "two", "three"}) {
        peer.update_keys();
        peer.write(text);
        peer.carry(session);
        EXPECT_EQ(read_all(session, last), text);
        EXPECT_EQ(last, Step::need_input) << session.failure();
        ASSERT_TRUE(write_all(session, "answer to " + text));
        peer.carry(session);
        EXPECT_EQ(peer.read(), "answer to " + text);
    }
}

TEST_F(SessionTest, UpdatesKeysWithAClient) {
    PlainPeer client(*web_, false);
    Session server(api_);
    expect_key_updates(client, server);
    EXPECT_EQ(server.peer().identity, k_web);
}

TEST_F(SessionTest, UpdatesKeysWithAServerAndTakesItsTickets) {
    PlainPeer server(*api_, true);
    Session client(web_, Alpn::http1, k_api);
    expect_key_updates(server, client);
    // Two by OpenSSL's default, small ones: this server asked for no certificate.
    EXPECT_EQ(web_->caches->tickets.size(), 1U);
}

}  // namespace
}  // namespace tls
