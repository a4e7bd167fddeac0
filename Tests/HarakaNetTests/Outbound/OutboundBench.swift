// A deliverer on a loop of its own, for tests that wait for it without blocking anybody.

import Glibc
import HarakaCore
import HarakaQueue
import HarakaTLS
import NIOCore
import NIOPosix
import SMTPSyntax
import Synchronization
import Testing

@testable import HarakaNet

/// Settings count milliseconds here, where users have seconds.
final class OutboundBench: @unchecked Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let threads = NIOThreadPool(numberOfThreads: 2)
    let loop: NetLoop
    let deliverer: Deliverer
    let log = Lines()

    /// Everything has five minutes, unless a test says otherwise.
    init(tls: ClientTLSSettings = ClientTLSSettings(), _ change: (inout OutboundSettings) -> Void = { _ in }) throws {
        threads.start()
        loop = NetLoop(group.next(), pool: threads)
        var settings = OutboundSettings()
        settings.timeouts.connect = 300_000
        settings.timeouts.reply = 300_000
        settings.timeouts.message = 300_000
        settings.connections.idle = 300_000
        settings.tlsFailureMemory = 300_000
        change(&settings)
        var tls = tls
        tls.handshakeLimit = tls.handshakeLimit * 1000
        deliverer = Deliverer(
            loop: loop, settings: settings, tls: try ClientTLS(tls), hostName: "me.example.org", log: log,
            unit: .milliseconds(1))
    }

    /// Runs something on the loop; `answer` gives the result. After 30 seconds there is none.
    func ask<Value: Sendable>(_ work: @escaping @Sendable (@escaping @Sendable (Value) -> Void) -> Void) async -> Value?
    {
        await withCheckedContinuation { continuation in
            let once = Mutex<CheckedContinuation<Value?, Never>?>(continuation)
            let box = OnceBox(once)
            loop.eventLoop.scheduleTask(in: .seconds(30)) { box.give(nil) }
            loop.eventLoop.execute { work { box.give($0) } }
        }
    }

    func deliver(_ job: DeliveryJob) async throws -> DeliveryResult {
        nonisolated(unsafe) let job = job
        return try #require(await ask { answer in self.deliverer.deliver(job, answer) })
    }

    /// All of them at the same time.
    func deliver(all jobs: [DeliveryJob]) async throws -> [DeliveryResult] {
        nonisolated(unsafe) let jobs = jobs
        let results: [DeliveryResult]? = await ask { answer in
            nonisolated(unsafe) var results: [DeliveryResult] = []
            for job in jobs {
                self.deliverer.deliver(job) { result in
                    results.append(result)
                    if results.count == jobs.count { answer(results) }
                }
            }
        }
        return try #require(results)
    }

    func read<Value: Sendable>(_ get: @escaping @Sendable (Deliverer) -> Value) async throws -> Value {
        try #require(await ask { answer in answer(get(self.deliverer)) })
    }

    /// Looks again and again until it is so; false: it has not become so within 25 seconds.
    func eventually(_ isSo: @escaping @Sendable (Deliverer) -> Bool) async throws -> Bool {
        let answer: Bool? = await ask { answer in
            let end = NIODeadline.now() + .seconds(25)
            self.loop.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(5)) { task in
                if isSo(self.deliverer) {
                    task.cancel()
                    answer(true)
                } else if .now() > end {
                    task.cancel()
                    answer(false)
                }
            }
        }
        let found: Bool = try #require(answer as Bool?)
        return found
    }

    func stop() async {
        let _: Bool? = await ask { answer in self.deliverer.close(within: .zero) { answer(true) } }
        try? await group.shutdownGracefully()
        try? await threads.shutdownGracefully()
    }
}

private final class OnceBox<Value: Sendable>: @unchecked Sendable {
    private let waiting: Mutex<CheckedContinuation<Value?, Never>?>
    init(_ waiting: consuming Mutex<CheckedContinuation<Value?, Never>?>) { self.waiting = waiting }

    func give(_ value: Value?) {
        let told = waiting.withLock { waiting in
            let told = waiting
            waiting = nil
            return told
        }
        told?.resume(returning: value)
    }
}

/// A message in memory that knows how far it was read.
final class TestMessage: MessageView {
    let bytes: [UInt8]
    private let furthest = Mutex(0)
    /// From this offset on it cannot be read.
    let breaksAt: Int
    var size: Int { bytes.count }
    var readSoFar: Int { furthest.withLock { $0 } }

    init(_ bytes: [UInt8], breaksAt: Int = .max) { (self.bytes, self.breaksAt) = (bytes, breaksAt) }
    convenience init(_ text: String) { self.init(Array(text.utf8)) }

    struct Broken: Error, CustomStringConvertible { let description = "the disk is broken" }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if offset >= breaksAt { throw Broken() }
        let count = min(buffer.count, bytes.count - offset)
        guard count > 0 else { return 0 }
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count])) }
        furthest.withLock { $0 = max($0, offset + count) }
        return count
    }
}

extension DeliveryJob {
    static let text = "Subject: hello\r\n\r\n.dot\r\nend\r\n"

    /// To a@example.com, or to those whose local parts are given.
    init(_ hops: [Hop], to locals: [String] = ["a"], _ message: any MessageView = TestMessage(DeliveryJob.text)) {
        let envelope = ClientEnvelope(
            from: Address(user: "me", host: "example.org"),
            recipients: locals.map { Address(user: $0, host: "example.com") }, size: message.size)
        self.init(uuid: "U.1", hops: hops, envelope: envelope, message: message)
    }
}

extension Hop {
    init(_ server: OutboundServer, ip: String = "127.0.0.1", host: String = "mx.example.com") {
        self.init(port: server.port, ip: ip, host: host)
    }

    init(port: Int, ip: String = "127.0.0.1", host: String = "mx.example.com") {
        self.init()
        (self.ip, self.port, self.host) = (ip, port, host)
    }
}
