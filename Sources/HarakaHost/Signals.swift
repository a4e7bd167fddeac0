// Signals are taken by the main thread, one after the other; all other threads have them blocked.

import Glibc

enum Signals {
    private static let taken = [SIGTERM, SIGINT, SIGHUP, SIGUSR2]

    private static func set() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in taken { sigaddset(&set, signal) }
        return set
    }

    /// Before the first thread is made: threads inherit it.
    static func block() {
        var set = set()
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    static func wait() -> Int32 {
        var set = set()
        var signal: Int32 = 0
        while sigwait(&set, &signal) != 0 {}
        return signal
    }

    /// A second SIGINT or SIGTERM while the server goes down ends it at once, as in Haraka.
    static func exitAtOnceNextTime() {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in _exit(1) }
        sigaction(SIGINT, &action, nil)
        sigaction(SIGTERM, &action, nil)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }
}
