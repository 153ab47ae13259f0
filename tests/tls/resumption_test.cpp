#include "tls/resumption.hpp"

#include "tests/tls/session_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <optional>

namespace tls {
namespace {

using namespace std::chrono_literals;
using testing::context_of;
using testing::k_trust_domain;
using testing::read_all;
using testing::SessionPair;
using testing::value_of;
using testing::write_all;
using Step = Session::Step;

const policy::Identity k_web = testing::identity("shop", "web");
const policy::Identity k_api = testing::identity("shop", "api");
const policy::Identity k_db = testing::identity("shop", "db");

class ResumptionTest : public ::testing::Test {
 protected:
    /// A connection that is through its handshake and has read what came with it: the ticket.
    std::unique_ptr<SessionPair> connect(
        const std::shared_ptr<const Context>& server,
        const std::shared_ptr<const Context>& client,
        Alpn alpn = Alpn::http1,
        Accepting accepting = {}
    ) {
        auto pair = std::make_unique<SessionPair>(server, client, k_api, alpn, accepting);
        pair->shake_hands();
        EXPECT_TRUE(pair->is_joined()) << pair->client.failure() << pair->server.failure();
        Step last = Step::done;
        EXPECT_EQ(read_all(pair->client, last), "");
        EXPECT_EQ(last, Step::need_input);
        EXPECT_EQ(pair->client.is_resumed(), pair->server.is_resumed());
        return pair;
    }
    bool resumes(
        const std::shared_ptr<const Context>& server, const std::shared_ptr<const Context>& client
    ) {
        return connect(server, client)->client.is_resumed();
    }
    std::optional<ClientTickets::Ticket> take_ticket() {
        return web_->caches->tickets.take(k_server, Clock::now());
    }
    void put_ticket(const ClientTickets::Ticket& ticket, const Standing& standing) {
        web_->caches->tickets.put(k_server, ticket.session.get(), standing);
    }

    const ClientTickets::Server k_server{k_api, Alpn::http1, 0};
    Authority authority_ = value_of(Authority::make(k_trust_domain));
    std::shared_ptr<const Context> web_ = context_of(authority_, k_web);
    std::shared_ptr<const Context> api_ = context_of(authority_, k_api);
};

TEST_F(ResumptionTest, ProvesTheSamePeersAgain) {
    const auto first = connect(api_, web_);
    const auto second = connect(api_, web_);
    EXPECT_FALSE(first->client.is_resumed());
    ASSERT_TRUE(second->client.is_resumed());
    EXPECT_EQ(second->server.peer().identity, k_web);
    EXPECT_EQ(second->client.peer().identity, k_api);
    EXPECT_EQ(second->server.proof()->leaf_not_after, web_->material->not_after);
    EXPECT_EQ(second->client.proof()->leaf_not_after, api_->material->not_after);
    EXPECT_EQ(second->server.peer().alpn, Alpn::http1);
}

TEST_F(ResumptionTest, CarriesBytesBothWays) {
    (void)connect(api_, web_);
    const auto pair = connect(api_, web_);
    ASSERT_TRUE(pair->client.is_resumed());
    const std::string large(100'000, 'x');
    ASSERT_TRUE(write_all(pair->client, large));
    ASSERT_TRUE(write_all(pair->server, "answer"));
    pair->carry();
    Step last = Step::done;
    EXPECT_EQ(read_all(pair->server, last), large);
    EXPECT_EQ(read_all(pair->client, last), "answer");
}

TEST_F(ResumptionTest, UsesATicketOnceAndGetsAnother) {
    (void)connect(api_, web_);
    SessionPair first(api_, web_, k_api);
    SessionPair second(api_, web_, k_api);
    first.shake_hands();
    second.shake_hands();
    EXPECT_TRUE(first.client.is_resumed());
    ASSERT_TRUE(second.is_joined());
    EXPECT_FALSE(second.client.is_resumed());
    Step last = Step::done;
    (void)read_all(first.client, last);
    EXPECT_TRUE(resumes(api_, web_));
}

TEST_F(ResumptionTest, SpendsTheServersSessionToo) {
    (void)connect(api_, web_);
    auto ticket = take_ticket();
    ASSERT_TRUE(ticket);
    put_ticket(*ticket, ticket->standing);
    EXPECT_TRUE(resumes(api_, web_));
    (void)take_ticket();
    put_ticket(*ticket, ticket->standing);
    EXPECT_FALSE(resumes(api_, web_));
    EXPECT_EQ(api_->caches->sessions.size(), 2U);
}

TEST_F(ResumptionTest, SurvivesAConnectionThatEndedWithoutCloseNotify) {
    auto pair = connect(api_, web_);
    pair->client.end_input();
    Step last = Step::done;
    (void)read_all(pair->client, last);
    EXPECT_EQ(last, Step::truncated);
    pair.reset();
    EXPECT_TRUE(resumes(api_, web_));
}

TEST_F(ResumptionTest, EndsWithTheContextOfEitherSide) {
    (void)connect(api_, web_);
    // The same authority and identity, a new generation: of the server, then of the client.
    const auto other_api = context_of(authority_, k_api);
    EXPECT_FALSE(resumes(other_api, web_));
    EXPECT_TRUE(resumes(other_api, web_));
    EXPECT_FALSE(resumes(other_api, context_of(authority_, k_web)));
}

TEST_F(ResumptionTest, DoesNotLetInWhomARotatedAuthorityNoLongerKnows) {
    (void)connect(api_, web_);
    const Authority next = value_of(Authority::make(k_trust_domain));
    // A listener that trusts the new authority alone; the client still trusts the old one, so its
    // certificate comes from there.
    const Issued issued = value_of(authority_.issue(k_api));
    const auto rotated = value_of(make_context([&] {
        auto material = std::make_shared<Material>();
        material->self = k_api;
        material->leaf =
            std::move(value_of(parse_certificates(issued.certificate, "leaf")).front());
        material->key = value_of(parse_key(issued.key, "key"));
        material->trust = testing::trust_of(next.root().certificate);
        return material;
    }()));
    SessionPair pair(rotated, web_, k_api);
    pair.shake_hands();
    EXPECT_EQ(pair.server_step, Step::failed);
    EXPECT_THAT(pair.server.failure(), ::testing::HasSubstr("does not verify"));
    EXPECT_EQ(pair.server.peer().identity, policy::Identity());
}

TEST_F(ResumptionTest, DoesNotResumeWhenThePeersTimeIsOver) {
    (void)connect(api_, web_);
    const auto ticket = take_ticket();
    ASSERT_TRUE(ticket);
    put_ticket(*ticket, Standing{ticket->standing.proof, Clock::now()});
    EXPECT_FALSE(resumes(api_, web_));
    auto expired = std::make_shared<Proof>(*ticket->standing.proof);
    expired->validity.until = Clock::now();
    (void)take_ticket();
    put_ticket(*ticket, Standing{expired, Clock::now() + 1h});
    EXPECT_FALSE(resumes(api_, web_));
}

TEST_F(ResumptionTest, DoesNotBelieveATicketOfSomebodyElse) {
    (void)connect(api_, web_);
    const auto ticket = take_ticket();
    ASSERT_TRUE(ticket);
    const ClientTickets::Server wanted{k_db, Alpn::http1, 0};
    web_->caches->tickets.put(wanted, ticket->session.get(), ticket->standing);
    SessionPair pair(api_, web_, k_db);
    pair.shake_hands();
    EXPECT_EQ(pair.client_step, Step::failed);
    EXPECT_EQ(pair.client.handshake_failure(), HandshakeFailure::unexpected_identity);
    EXPECT_EQ(pair.client.peer().identity, policy::Identity());
}

TEST_F(ResumptionTest, KeepsProtocolsAndReplicasApart) {
    (void)connect(api_, web_);
    EXPECT_FALSE(connect(api_, web_, Alpn::tcp)->client.is_resumed());
    Session replica(web_, Alpn::http1, k_api, 7);
    (void)replica.handshake();
    EXPECT_TRUE(take_ticket());  // the other one's, not taken
}

TEST_F(ResumptionTest, StaysOnThePortOfItsSession) {
    constexpr Accepting metrics{Clients::standard, 9102};
    const auto is_resumed = [&](Accepting accepting) {
        return connect(api_, web_, Alpn::http1, accepting)->client.is_resumed();
    };
    EXPECT_FALSE(is_resumed(metrics));
    // The client offers its newest ticket, whatever the port: the same address, say, redirected.
    EXPECT_FALSE(is_resumed({Clients::mesh, 9102}));
    EXPECT_FALSE(is_resumed({Clients::standard, 9103}));
    EXPECT_FALSE(is_resumed(metrics));
    EXPECT_TRUE(is_resumed(metrics));
}

TEST_F(ResumptionTest, ServesStandardClients) {
    constexpr Accepting metrics{Clients::standard, 9102};
    for (const Alpn alpn : {Alpn::standard_http1, Alpn::standard}) {
        EXPECT_FALSE(connect(api_, web_, alpn, metrics)->client.is_resumed());
        const auto second = connect(api_, web_, alpn, metrics);
        EXPECT_TRUE(second->client.is_resumed());
        EXPECT_EQ(second->server.peer().identity, k_web);
        EXPECT_EQ(second->server.peer().alpn, alpn);
    }
}

TEST_F(ResumptionTest, RefusesWhoDoesNotKnowTheSecretAndKeepsTheSession) {
    (void)connect(api_, web_);
    const auto ticket = take_ticket();
    ASSERT_TRUE(ticket);
    const Owned<SSL_SESSION> forged(SSL_SESSION_dup(ticket->session.get()));
    const std::array<unsigned char, 32> guess{};
    SSL_SESSION_set1_master_key(forged.get(), guess.data(), guess.size());
    web_->caches->tickets.put(k_server, forged.get(), ticket->standing);
    SessionPair pair(api_, web_, k_api);
    pair.shake_hands();
    EXPECT_EQ(pair.server_step, Step::failed);
    EXPECT_EQ(pair.server.peer().identity, policy::Identity());
    put_ticket(*ticket, ticket->standing);
    EXPECT_TRUE(resumes(api_, web_));
}

TEST_F(ResumptionTest, ResumingAgainAndAgainGainsNoTime) {
    (void)connect(api_, web_);
    const auto first = take_ticket();
    ASSERT_TRUE(first);
    EXPECT_LE(first->standing.until, Clock::now() + k_resumable_for);
    const Standing sooner{first->standing.proof, first->standing.until - 5min};
    put_ticket(*first, sooner);
    EXPECT_TRUE(resumes(api_, web_));
    const auto second = take_ticket();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->standing.until, sooner.until);
}

TEST_F(ResumptionTest, KeepsNoTicketThatIsMuchLargerThanOurs) {
    // Such a server puts our certificate into its tickets.
    SSL_CTX_clear_options(api_->server.get(), SSL_OP_NO_TICKET);
    (void)connect(api_, web_);
    EXPECT_EQ(web_->caches->tickets.size(), 0U);
}

TEST_F(ResumptionTest, KeepsFewTicketsOfOneServer) {
    std::vector<std::unique_ptr<SessionPair>> pairs;
    for (std::size_t i = 0; i < ClientTickets::k_tickets_per_server_max + 2; ++i) {
        pairs.push_back(std::make_unique<SessionPair>(api_, web_, k_api));
    }
    for (auto& pair : pairs) {
        pair->shake_hands();
        Step last = Step::done;
        (void)read_all(pair->client, last);
    }
    std::size_t tickets = 0;
    while (take_ticket()) {
        ++tickets;
    }
    EXPECT_EQ(tickets, ClientTickets::k_tickets_per_server_max);
    EXPECT_EQ(web_->caches->tickets.size(), 0U);
}

TEST_F(ResumptionTest, ARefusedClientLeavesNothingBehind) {
    SessionPair pair(api_, web_, k_api, Alpn::none);
    pair.shake_hands();
    ASSERT_EQ(pair.server_step, Step::failed);
    EXPECT_EQ(api_->caches->sessions.size(), 0U);
}

class ServerSessionsTest : public ::testing::Test {
 protected:
    static ServerSessions::Name name(std::size_t number) {
        ServerSessions::Name name{};
        std::memcpy(name.data(), &number, sizeof number);
        return name;
    }
    ServerSessions::Remembered remembered() const {
        ServerSessions::Remembered one;
        one.standing = Standing::begin(proof_, now_);
        return one;
    }

    Clock::time_point now_ = Clock::now();
    std::shared_ptr<Proof> proof_ = std::make_shared<Proof>(
        Proof{k_web, PeerRole::client, "", now_ + 2h, Validity{now_ - 1h, now_ + 30min}}
    );
    ServerSessions sessions_;
};

TEST_F(ServerSessionsTest, ForgetWhoseCertificateHasExpired) {
    sessions_.put(name(1), remembered());
    EXPECT_NE(sessions_.find(name(1), now_ + 29min), nullptr);
    EXPECT_EQ(sessions_.find(name(1), now_ + 30min), nullptr);
    EXPECT_EQ(sessions_.size(), 0U);
}

TEST_F(ServerSessionsTest, ForgetAfterAnHourAtMost) {
    proof_->validity.until = now_ + 24h;
    sessions_.put(name(1), remembered());
    EXPECT_NE(sessions_.find(name(1), now_ + 59min), nullptr);
    EXPECT_EQ(sessions_.find(name(1), now_ + 60min), nullptr);
}

TEST_F(ServerSessionsTest, AreBounded) {
    for (std::size_t i = 0; i < ServerSessions::k_sessions_max + 10; ++i) {
        sessions_.put(name(i), remembered());
    }
    EXPECT_EQ(sessions_.size(), ServerSessions::k_sessions_max);
    EXPECT_EQ(sessions_.find(name(9), now_), nullptr);
    EXPECT_NE(sessions_.find(name(10), now_), nullptr);
}

}  // namespace
}  // namespace tls
