#include "tls/generations.hpp"

#include "tests/support/socket_pair.hpp"
#include "tests/tls/session_pair.hpp"
#include "tls/stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace tls {
namespace {

using namespace std::chrono_literals;
using testing::context_of;
using testing::k_trust_domain;
using testing::value_of;

const policy::Identity k_web = testing::identity("shop", "web");
const policy::Identity k_api = testing::identity("shop", "api");

/// Two ends of a connection that is established.
struct Joined {
    Joined(io::Loop& loop, std::pair<io::Socket, io::Socket> sockets)
        : server(std::move(sockets.first)), client(std::move(sockets.second)), loop_(loop) {}

    void shake_hands(std::shared_ptr<const Context> api, std::shared_ptr<const Context> web) {
        loop_.spawn(accept(server, std::move(api)));
        loop_.spawn(connect(client, std::move(web)));
        while (loop_.run_once(1s) && loop_.running() > 0) {
        }
    }

    Stream server;
    Stream client;

 private:
    static io::Awaitable<void> accept(Stream& stream, std::shared_ptr<const Context> context) {
        const auto peer = co_await stream.accept(context, "");
        EXPECT_TRUE(peer.has_value()) << peer.error();
    }
    static io::Awaitable<void> connect(Stream& stream, std::shared_ptr<const Context> context) {
        const auto peer = co_await stream.connect(context, Alpn::tcp, k_api);
        EXPECT_TRUE(peer.has_value()) << peer.error();
    }

    io::Loop& loop_;
};

class GenerationsTest : public ::testing::Test {
 protected:
    /// A new connection between web and api, under the contexts of now.
    Joined& join() {
        joined_.push_back(std::make_unique<Joined>(loop_, io::test::connected_pair(loop_)));
        joined_.back()->shake_hands(api_, web_);
        return *joined_.back();
    }
    /// api begins to trust `bundle`, which it is told in a new certificate.
    void trust(const Certificates& bundle) {
        Credentials credentials;
        auto issued = value_of(authority_.issue(k_api));
        credentials.chain = value_of(parse_certificates(issued.certificate, "leaf"));
        credentials.key = value_of(parse_key(issued.key, "key"));
        for (const auto& anchor : bundle) {
            X509_up_ref(anchor.get());
            credentials.trust_bundles[k_trust_domain].emplace_back(anchor.get());
        }
        auto material = make_material(std::move(credentials), Naming(k_trust_domain));
        api_ = value_of(make_context(value_of(std::move(material))));
        generations_.begin(api_);
    }
    Certificates roots(std::initializer_list<const Authority*> authorities) {
        std::string text;
        for (const Authority* authority : authorities) {
            text += authority->root().certificate;
        }
        return value_of(parse_certificates(text, "roots"));
    }
    LivePeers::OnCut count() {
        return [this](PeerRole role) { cut_.push_back(role); };
    }

    io::Loop loop_;
    Authority authority_ = value_of(Authority::make(k_trust_domain));
    Authority other_ = value_of(Authority::make(k_trust_domain));
    std::shared_ptr<const Context> web_ = context_of(authority_, k_web);
    std::shared_ptr<const Context> api_ = context_of(authority_, k_api);
    Generations generations_;
    std::vector<std::unique_ptr<Joined>> joined_;
    std::vector<PeerRole> cut_;
};

TEST_F(GenerationsTest, ConnectionEndsWithThePeersCertificate) {
    generations_.begin(api_);
    generations_.begin(web_);
    Joined& joined = join();
    const auto end = web_->material->not_after;  // api's was issued later
    generations_.expire(end - 1s, count());
    EXPECT_TRUE(cut_.empty());
    EXPECT_TRUE(joined.server.socket().is_open());
    generations_.expire(end, count());
    EXPECT_FALSE(joined.server.socket().is_open());
    generations_.expire(end + 10s, count());
    EXPECT_FALSE(joined.client.socket().is_open());
    EXPECT_THAT(cut_, ::testing::UnorderedElementsAre(PeerRole::client, PeerRole::server));
}

TEST_F(GenerationsTest, NothingNewBeginsInTheLastSecondsOfAPeersCertificate) {
    Joined& joined = join();
    EXPECT_EQ(joined.client.retire_at(), api_->material->not_after - 10s);
    EXPECT_EQ(joined.server.retire_at(), web_->material->not_after - 10s);
    web_ = context_of(authority_, k_web, KeyKind::ec_p256, 8s);
    const auto retire_at = join().server.retire_at();
    EXPECT_GT(retire_at, web_->material->not_after - 3s);
    EXPECT_LT(retire_at, web_->material->not_after);
}

TEST_F(GenerationsTest, NobodyIsDoubtedUnderTheBundleThatAdmittedHim) {
    generations_.begin(api_);
    join();
    EXPECT_TRUE(generations_.doubtful(*api_->material, 10).empty());
    trust(roots({&authority_}));  // a new certificate, the same bundle
    EXPECT_TRUE(generations_.doubtful(*api_->material, 10).empty());
}

TEST_F(GenerationsTest, RotationWithOverlapCutsNobody) {
    generations_.begin(api_);
    Joined& joined = join();
    trust(roots({&authority_, &other_}));
    const auto proofs = generations_.doubtful(*api_->material, 10);
    ASSERT_EQ(proofs.size(), 1U);
    EXPECT_EQ(objection_to(*proofs[0], *api_->material), "");
    generations_.settle(Review{api_->material, proofs, {}}, count());
    EXPECT_TRUE(generations_.doubtful(*api_->material, 10).empty()) << "asked once";
    EXPECT_TRUE(joined.server.socket().is_open());
}

TEST_F(GenerationsTest, RemovalOfACaCutsItsPeersOnly) {
    generations_.begin(api_);
    Joined& old = join();
    trust(roots({&authority_, &other_}));
    web_ = value_of(make_context(value_of(parse_material(
        [&] {
            auto issued = value_of(other_.issue(k_web));
            const std::string both = authority_.root().certificate + other_.root().certificate;
            return PemText{issued.certificate, issued.key, both, {}, "c", "k", "t"};
        }(),
        Naming(k_trust_domain)
    ))));
    Joined& renewed = join();
    std::shared_ptr<const Material> without = [&] {
        auto issued = value_of(other_.issue(k_api));
        return value_of(parse_material(
            PemText{issued.certificate, issued.key, other_.root().certificate, {}, "c", "k", "t"},
            Naming(k_trust_domain)
        ));
    }();
    Review review{without, {}, {}};
    for (const auto& proof : generations_.doubtful(*without, 10)) {
        (objection_to(*proof, *without).empty() ? review.held : review.failed).push_back(proof);
    }
    EXPECT_EQ(review.held.size(), 1U);
    EXPECT_EQ(review.failed.size(), 1U);
    generations_.settle(review, count());
    EXPECT_FALSE(old.server.socket().is_open());
    EXPECT_TRUE(renewed.server.socket().is_open());
    EXPECT_THAT(cut_, ::testing::ElementsAre(PeerRole::client));
    EXPECT_TRUE(generations_.doubtful(*without, 10).empty());
}

TEST_F(GenerationsTest, DoubtsComeAFewAtATime) {
    generations_.begin(api_);
    for (int i = 0; i < 3; ++i) {
        web_ = context_of(authority_, k_web);  // each a certificate of its own
        join();
    }
    trust(roots({&authority_, &other_}));
    EXPECT_EQ(generations_.doubtful(*api_->material, 2).size(), 2U);
    EXPECT_EQ(generations_.doubtful(*api_->material, 10).size(), 3U);
}

/// A handshake that began under one bundle ends under another.
class UnderWay : public GenerationsTest {
 protected:
    UnderWay() { generations_.begin(api_); }
    void remove_the_ca_of_web() {
        auto issued = value_of(other_.issue(k_api));
        generations_.begin(value_of(make_context(value_of(parse_material(
            PemText{issued.certificate, issued.key, other_.root().certificate, {}, "c", "k", "t"},
            Naming(k_trust_domain)
        )))));
    }
};

TEST_F(UnderWay, HandshakeAnswersToTheBundleOfItsEnd) {
    testing::SessionPair pair(api_, web_, k_api);
    pair.client_step = pair.client.handshake();
    pair.carry();  // the hello
    remove_the_ca_of_web();
    pair.shake_hands();
    EXPECT_EQ(pair.server_step, Session::Step::failed);
    EXPECT_EQ(pair.server.handshake_failure(), HandshakeFailure::untrusted);
    EXPECT_THAT(pair.server.failure(), ::testing::HasSubstr("verifies no more"));
}

TEST_F(UnderWay, NoSessionOfTheOldBundleResumes) {
    Session::Step last = Session::Step::done;
    testing::SessionPair first(api_, web_, k_api);
    first.shake_hands();
    EXPECT_EQ(testing::read_all(first.client, last), "");  // finds the ticket
    testing::SessionPair second(api_, web_, k_api);
    second.client_step = second.client.handshake();
    second.carry();  // the hello, with the ticket
    remove_the_ca_of_web();
    second.shake_hands();
    EXPECT_FALSE(second.server.is_resumed());
    EXPECT_EQ(second.server_step, Session::Step::failed);
}

TEST_F(UnderWay, OverlapLetsItEndWell) {
    testing::SessionPair pair(api_, web_, k_api);
    pair.client_step = pair.client.handshake();
    pair.carry();
    trust(roots({&authority_, &other_}));
    pair.shake_hands();
    EXPECT_TRUE(pair.is_joined()) << pair.server.failure() << pair.client.failure();
}

TEST_F(GenerationsTest, ForgetsContextsThatNobodyUses) {
    for (int i = 0; i < 5; ++i) {
        trust(roots({&authority_}));
    }
    generations_.expire(Clock::now(), count());
    EXPECT_EQ(generations_.size(), 1U);
}

}  // namespace
}  // namespace tls
