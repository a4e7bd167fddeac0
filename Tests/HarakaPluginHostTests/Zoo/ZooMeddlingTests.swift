// Plugins that touch what is the process's: signal handlers and the server's descriptors.

import CHarakaFault
import Glibc
import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

/// The handlers of this process, to be put back: tests have their own.
private struct Handlers {
    private let saved: [(Int32, sigaction)]

    init() {
        saved = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT].map { signal in
            var action = sigaction()
            sigaction(signal, nil, &action)
            return (signal, action)
        }
    }

    func restore() {
        for (signal, action) in saved {
            var action = action
            sigaction(signal, &action, nil)
        }
    }
}

extension ZooTests {
    @Suite("meddling with the process") struct Meddling {
        /// The page of the installed handlers stays for the life of the process, as they do.
        private func install(_ zoo: Zoo) throws {
            try zoo.loop.run {
                var descriptor: Int32 = -1
                let page = try #require(haraka_fault_page_create(&descriptor))
                try #require(haraka_fault_install(page) == 0)
                zoo.use(page)
            }
        }

        @Test(
            "who takes a signal handler is named, at once while loading and soon later; closes of the server's are refused"
        )
        func meddles() throws {
            let handlers = Handlers()
            defer { handlers.restore() }
            try withZoo { zoo in
                try install(zoo)
                let critical = { () -> [String] in
                    zoo.loop.drain()
                    return zoo.log.messages(HARAKA_LOG_CRIT)
                }
                try zoo.install("m", "host_meddles.c", "EARLY")
                try zoo.load("m")
                var lines = ["plugin m had replaced the server's handler of signal \(SIGSEGV); put back"]
                #expect(critical() == lines)
                let client = zoo.connect()
                client.command("HANDLER")
                zoo.loop.advance(1000)
                lines.append("plugin m had replaced the server's handler of signal \(SIGBUS); put back")
                #expect(critical() == lines)
                client.command("DEFAULT")
                zoo.loop.advance(1000)
                lines.append("something unknown had replaced the server's handler of signal \(SIGFPE); put back")
                #expect(critical() == lines)
                let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
                haraka_fault_protect(descriptor)
                client.command("CLOSE", "\(descriptor)")
                client.command("CLOSE", "\(descriptor)")
                #expect(zoo.heard() == ["m: -1 EBADF", "m: -1 EBADF"])
                #expect(fcntl(descriptor, F_GETFD) >= 0)
                zoo.loop.advance(1000)
                let hook = "(hook unrecognized_command); refused, and 1 more times"
                lines.append("plugin m tried to close the server's descriptor \(descriptor) \(hook)")
                #expect(critical() == lines)
                close(descriptor)
                zoo.loop.advance(10_000)
                #expect(critical() == lines)
            }
        }
    }
}
