// From an address to a channel. docs/outbound.md "Connections and TLS".

import Glibc
import HarakaQueue
import NIOCore
import NIOPosix

/// Where to connect, and from where.
struct HopAddress: Hashable, CustomStringConvertible {
    /// Empty: ``path`` says where.
    var ip = ""
    var port = 25
    /// Of a unix socket.
    var path = ""
    /// The address to connect from; empty: the system chooses.
    var bind = ""

    init(ip: String = "", port: Int = 25, path: String = "", bind: String = "") {
        (self.ip, self.port, self.path, self.bind) = (ip, port, path, bind)
    }

    init(_ hop: Hop) { self.init(ip: hop.path.isEmpty ? hop.ip : "", port: hop.port, path: hop.path, bind: hop.bind) }

    /// `192.0.2.1:25`, `[2001:db8::1]:25`, or the path.
    var description: String {
        if !path.isEmpty { return path }
        return ip.contains(":") ? "[\(ip)]:\(port)" : "\(ip):\(port)"
    }
}

/// Why there is no connection: one line for log and report.
/// It speaks of the network only: it goes into reports, which strangers read.
struct ConnectFailure: Error, CustomStringConvertible {
    let description: String
    var isTimeout = false

    init(_ description: String) { self.description = description }

    /// NIO's and the kernel's errors in short words.
    init(_ error: any Error, limit: TimeAmount) {
        switch error {
        case let failure as ConnectFailure: self = failure
        case ChannelError.connectTimeout:
            isTimeout = true
            description = "no connection within \(limit.shown)"
        // `connection refused`, without the name of the call and the number, which NIO's text has.
        case let error as IOError: description = String(cString: strerror(error.errnoCode)).lowercasedFirst
        default: description = "\(error)"
        }
    }
}

extension TimeAmount {
    /// `30 s`, `250 ms`.
    var shown: String {
        let milliseconds = nanoseconds / 1_000_000
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}

extension String {
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}

/// Opens connections of one loop.
struct HopConnector {
    let loop: any EventLoop

    /// Calls `done` once on the loop, later. `handler` is in the channel's pipeline before it becomes active; if there
    /// is none, it is not used.
    /// No TCP option is set but NIO's own. The limit is ours: the kernel's would be two minutes.
    func connect(
        _ address: HopAddress, within limit: TimeAmount, _ handler: any ChannelHandler & Sendable,
        _ done: @escaping (Result<any Channel, ConnectFailure>) -> Void
    ) {
        // Replies are short, and there may be thousands of connections: small buffers; and a message's pieces are told
        // to wait before much of them is in memory.
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(limit)
            .channelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1024, maximum: 4096)
            )
            .channelOption(.writeBufferWaterMark, value: .init(low: 48 * 1024, high: 96 * 1024))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler) }
            }
        nonisolated(unsafe) let done = done
        let future: EventLoopFuture<any Channel>
        do { future = try HopConnector.open(bootstrap, address) } catch {
            future = loop.makeFailedFuture(error)
        }
        // Also when connecting has failed in the same breath, as with a socket that is not there.
        // A result that is there at once is told later all the same: nobody is called from within its own call.
        future.hop(to: loop).whenComplete { [loop] result in
            let told = result.mapError { ConnectFailure($0, limit: limit) }
            loop.execute { done(told) }
        }
    }

    /// With a source address the families must agree, which the kernel would say in words that help nobody.
    private static func open(
        _ bootstrap: ClientBootstrap, _ address: HopAddress
    ) throws -> EventLoopFuture<any Channel> {
        guard address.path.isEmpty else { return bootstrap.connect(unixDomainSocketPath: address.path) }
        let remote = try SocketAddress(ipAddress: address.ip, port: address.port)
        guard !address.bind.isEmpty else { return bootstrap.connect(to: remote) }
        guard let local = try? SocketAddress(ipAddress: address.bind, port: 0), local.protocol == remote.protocol else {
            throw ConnectFailure("\(address.bind) is no address to connect to \(address.ip) from")
        }
        return bootstrap.bind(to: local).connect(to: remote)
    }
}
