// Signals: the supervisor takes them one after the other from a descriptor; workers leave them to it.

import Glibc

enum Signals {
    /// What the supervisor takes.
    static let taken = [SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD]

    /// In the supervisor, before the first thread is made: threads inherit it.
    static func block() {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in taken { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// In a worker: a terminal's Ctrl-C reaches all processes, but only the supervisor decides. A handler that does nothing
    /// rather than SIG_IGN, which programs that plugins start would inherit.
    static func leaveToSupervisor() {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        action.sa_flags = SA_RESTART
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGUSR2] { sigaction(signal, &action, nil) }
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
    }
}
