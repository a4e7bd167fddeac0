// What a connection to another server is for: two that agree in everything here may take each other's place.

import HarakaCore
import HarakaQueue
import NIOCore

/// Where a connection leads, and how it is held.
///
/// Whatever a server could treat two clients differently by belongs here; a connection is given to nobody else.
struct ClientKey: Hashable {
    var address: HopAddress
    /// The server's name: asked for in TLS, and looked for in its certificate.
    var host = ""
    var helo = ""
    var isLMTP = false
    var user = ""
    var password = ""
    var mechanism = ""
    var tls = TLSUse.ifOffered
    /// For whom we speak, where XCLIENT may tell; empty: for ourselves.
    var identity = ""
    /// Of the settings that it began with.
    var epoch = 0

    /// What TLS is to be here.
    enum TLSUse: Hashable {
        case never
        /// If it is offered; whoever the server is.
        case ifOffered
        /// If it is offered, and then only with a good certificate.
        case verifiedIfOffered
        /// Nothing is sent without, but any certificate will do.
        case required
        /// Nothing is sent without, nor without a good certificate.
        case verified

        var rule: ClientTLSRule {
            switch self {
            case .never: .never
            case .ifOffered, .verifiedIfOffered: .ifOffered
            case .required, .verified: .required
            }
        }

        var verifies: Bool { self == .verified || self == .verifiedIfOffered }
    }

    init(_ address: HopAddress) { self.address = address }

    /// The same, whomever we speak for.
    var forAnybody: ClientKey {
        var key = self
        key.identity = ""
        return key
    }

    /// For logs: `mx.example.com [192.0.2.1]:25`, or the path.
    var shown: String {
        guard address.path.isEmpty else { return address.path }
        return host.isEmpty || host == address.ip
            ? "[\(address.ip)]:\(address.port)" : "\(host) [\(address.ip)]:\(address.port)"
    }

    /// Who it is in a report: the name, or the address.
    var remote: String { !address.path.isEmpty ? address.path : host.isEmpty ? address.ip : host }
}

/// How long each step may take, in NIO's measure.
struct ClientPace: Sendable {
    private let limits: ClientTimeLimits
    private let unit: TimeAmount
    var connect: TimeAmount
    /// Kept so long without work; nil: not at all.
    var idle: TimeAmount?

    /// - Parameter unit: what the settings' numbers count: seconds, or less in tests
    init(_ settings: OutboundSettings, handshake: Double, unit: TimeAmount = .seconds(1)) {
        self.unit = unit
        limits = ClientPace.times(settings, handshake)
        connect = unit * max(1, settings.timeouts.connect)
        idle = settings.connections.idle > 0 ? unit * settings.connections.idle : nil
    }

    /// What the settings mean for each step.
    static func times(_ settings: OutboundSettings, _ handshake: Double) -> ClientTimeLimits {
        var times = ClientTimeLimits(each: max(1, settings.timeouts.reply))
        times.handshake = max(1, Int(min(handshake, 3600)))
        times.final = max(1, settings.timeouts.message)
        return times
    }

    /// - Parameter each: for each reply, and for being kept
    init(connect: TimeAmount, each limit: TimeAmount) {
        unit = .milliseconds(1)
        var limits = ClientTimeLimits(each: max(1, Int(limit.nanoseconds / 1_000_000)))
        limits.quit = min(limits.command, 10_000)
        self.limits = limits
        self.connect = connect
        idle = limit
    }

    subscript(stage: ClientStage) -> TimeAmount? { limits[stage].map { unit * $0 } }
}
