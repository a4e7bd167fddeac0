// When a delivery is encrypted. docs/outbound.md "Connections and TLS".

import HarakaCore
import HarakaQueue
import HarakaTLS
import NIOCore

/// Hosts with which TLS was tried in vain: for a while they are spoken to in the clear at once, where that is allowed.
/// On the loop.
struct TLSFailures {
    /// A list that grows beyond this has forgotten to forget: what has expired goes.
    private static let sweepSize = 1000

    private var until: [String: NIODeadline] = [:]
    private var nextSweep = TLSFailures.sweepSize

    var count: Int { until.count }

    mutating func remember(_ host: String, for time: TimeAmount, now: NIODeadline) {
        guard time > .zero else { return }
        until[host] = now + time
        guard until.count >= nextSweep else { return }
        until = until.filter { $0.value > now }
        nextSweep = max(TLSFailures.sweepSize, until.count * 2)
    }

    mutating func has(_ host: String, now: NIODeadline) -> Bool {
        guard let end = until[host] else { return false }
        if end > now { return true }
        until[host] = nil
        return false
    }
}

/// The rules for one attempt.
struct DeliveryTLS {
    let usesTLS: Bool
    let settings: ClientTLSSettings
    let forcesTLS: Bool
    /// Of the recipients.
    let domain: String

    /// From the strictest to the laxest: who forces TLS is heard first, then who forbids it, and what has been
    /// remembered counts only where nobody has said anything.
    func use(for hop: Hop, failures: inout TLSFailures, now: NIODeadline) -> ClientKey.TLSUse {
        if isForced(hop) { return .verified }
        if hop.tls == .never || !usesTLS { return .never }
        if settings.hostsWithoutTLS.contains(any: hop.host, hop.ip, domain) { return .never }
        if settings.verifies { return .verifiedIfOffered }
        guard DeliveryTLS.mayGoInTheClear(hop) else { return .ifOffered }
        return failures.has(DeliveryTLS.name(hop), now: now) ? .never : .ifOffered
    }

    /// After a failed handshake. Not where we log in: whoever can break a handshake would get the password, and without
    /// a login such a server refuses for good what it would take an hour later.
    static func mayGoInTheClear(_ hop: Hop) -> Bool { hop.auth == nil || hop.isOnThisMachine }

    /// A plugin's word counts most, then an administrator's.
    private func isForced(_ hop: Hop) -> Bool {
        if forcesTLS || hop.tls == .required { return true }
        return hop.tls != .never && settings.forcedHosts.contains(any: hop.ip, hop.host, domain)
    }

    /// By what a host is remembered: each address may be another machine.
    static func name(_ hop: Hop) -> String { hop.path.isEmpty ? "\(hop.ip):\(hop.port)" : hop.path }
}
