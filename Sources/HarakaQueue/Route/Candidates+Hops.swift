// Exchanges whose addresses are known become hops.

import HarakaCore

extension Candidates {
    /// In the order in which they are tried.
    ///
    /// `inet_prefer` moves one family to the front among hops of one priority; of what get_mx has given, only among the
    /// addresses of one entry, because the order is the plugin's.
    func hops(_ preference: OutboundSettings.AddressFamily) -> [Hop] {
        if origin == .given { return list.flatMap { Candidates.preferred(self.hops(of: $0), preference) } }
        var hops: [Hop] = []
        var rest = list[...]
        while let first = rest.first {
            let group = rest.prefix { $0.priority == first.priority }
            hops += Candidates.preferred(group.flatMap { self.hops(of: $0) }, preference)
            rest = rest.dropFirst(group.count)
        }
        return hops
    }

    private func hops(of candidate: Candidate) -> [Hop] {
        let mold = mold(candidate)
        guard !candidate.name.isEmpty else { return [mold] }
        let six = (candidate.six?.records ?? []).prefix(RouteMachine.mostAddresses)
        let four = (candidate.four?.records ?? []).prefix(RouteMachine.mostAddresses)
        return (six + four).map { record in
            var hop = mold
            hop.ip = record.text
            return hop
        }
    }

    /// All of the hop but its address, unless that is known already.
    private func mold(_ candidate: Candidate) -> Hop {
        var hop = Hop()
        hop.priority = candidate.priority
        hop.host = candidate.name
        hop.isFromDNS = origin != .given
        guard let mx = candidate.mx else { return hop }
        hop.path = mx.path
        hop.isLMTP = mx.usesLMTP
        hop.port = mx.port > 0 ? mx.port : mx.usesLMTP ? Hop.lmtpPort : Hop.smtpPort
        (hop.bind, hop.helo, hop.tls) = (mx.bind, mx.bindHelo, mx.tls)
        if candidate.name.isEmpty { (hop.host, hop.ip) = (mx.exchange, mx.exchange) }
        if !mx.authUser.isEmpty {
            hop.auth = HopAuth(user: mx.authUser, password: mx.authPassword, type: mx.authType)
        }
        return hop
    }

    private static func preferred(_ hops: [Hop], _ preference: OutboundSettings.AddressFamily) -> [Hop] {
        let wantsSix = preference == .v6
        guard preference != .any else { return hops }
        let isSix = { (hop: Hop) in hop.ip.utf8.contains(UInt8(ascii: ":")) }
        return hops.filter { isSix($0) == wantsSix } + hops.filter { isSix($0) != wantsSix }
    }
}
