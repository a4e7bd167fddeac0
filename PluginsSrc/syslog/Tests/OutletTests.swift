// Daemons that are slow, go, and come again.
import Foundation
import Testing

@testable import LogToSyslog

/// A daemon that reads only when it is told to.
private final class Daemon {
    let path = NSTemporaryDirectory() + "log-" + UUID().uuidString.prefix(8)
    private var descriptor: Int32 = -1

    init() { start() }
    deinit { stop() }

    func start() {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { place in
            for (index, byte) in path.utf8.enumerated() { place[index] = byte }
        }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(status == 0)
    }

    func stop() {
        close(descriptor)
        unlink(path)
    }

    /// The next line that is there; nil if there is none.
    func line() -> String? {
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
}

@Suite("The way to syslog")
struct OutletTests {
    @Test("each line is a datagram")
    func sent() {
        let daemon = Daemon()
        let outlet = Outlet(path: daemon.path)
        #expect(outlet.send(Array("one".utf8), now: 0) == .sent)
        #expect(outlet.send(Array("two".utf8), now: 0) == .sent)
        #expect((daemon.line(), daemon.line(), daemon.line()) == ("one", "two", nil))
    }

    @Test("a daemon that does not read is never waited for; once it reads, lines go through again")
    func slow() {
        let daemon = Daemon()
        let outlet = Outlet(path: daemon.path)
        var sent = 0
        while sent < 100_000, outlet.send(Array("line".utf8), now: 0) == .sent { sent += 1 }
        #expect(sent > 0 && sent < 100_000)
        #expect(outlet.send(Array("line".utf8), now: 0) == .missed)
        #expect(outlet.missed == 2)
        #expect(outlet.cause.hasSuffix("the daemon does not keep up"))
        while daemon.line() != nil {}
        #expect(outlet.send(Array("again".utf8), now: 0) == .sent)
        #expect(outlet.missed == 0)
        #expect(daemon.line() == "again")
    }

    @Test("a daemon that is not there is looked for once a second")
    func missing() {
        let daemon = Daemon()
        let outlet = Outlet(path: daemon.path)
        daemon.stop()
        #expect(outlet.send([1], now: 0) == .missed)
        #expect(outlet.cause.hasSuffix("No such file or directory"))
        daemon.start()
        #expect(outlet.send([1], now: 999) == .missed)
        #expect(outlet.missed == 2)
        #expect(outlet.send([1], now: 1000) == .sent)
    }

    @Test("a daemon that was started anew gets the very next line")
    func restarted() {
        let daemon = Daemon()
        let outlet = Outlet(path: daemon.path)
        #expect(outlet.send(Array("old".utf8), now: 0) == .sent)
        daemon.stop()
        daemon.start()
        #expect(outlet.send(Array("new".utf8), now: 5000) == .sent)
        #expect(daemon.line() == "new")
    }
}
