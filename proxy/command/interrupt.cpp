#include "proxy/command/interrupt.hpp"

#include <pthread.h>
#include <signal.h>
#include <time.h>

namespace proxy::command {
namespace {

sigset_t ending_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    return set;
}

}  // namespace

Interrupt::Interrupt() {
    const sigset_t set = ending_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

Interrupt::~Interrupt() {
    const sigset_t set = ending_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
}

bool Interrupt::wait_for(std::chrono::milliseconds time) {
    if (was_seen_) {
        return true;
    }
    const sigset_t set = ending_signals();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    timespec limit{};
    limit.tv_sec = seconds.count();
    limit.tv_nsec = std::chrono::nanoseconds(time - seconds).count();
    was_seen_ = ::sigtimedwait(&set, nullptr, &limit) > 0;
    return was_seen_;
}

}  // namespace proxy::command
