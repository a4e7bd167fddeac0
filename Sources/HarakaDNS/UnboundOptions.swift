// What libunbound is told before it begins. unbound.conf(5).

import CUnbound
import Glibc

struct UnboundOptions {
    /// Empty: the authoritative servers are asked.
    let forwarders: [String]
    private let anchors: String?
    private let options: [(String, String)]
    /// Zones that libunbound would answer by itself (RFC 6303, 6761, 8375).
    private let openZones: [String]
    /// Who is asked for a sign of life.
    let probed: [String]

    init(_ settings: DNSSettings) {
        forwarders = settings.forwarders
        probed = forwarders.isEmpty ? DNSSettings.rootServers : forwarders
        let files = settings.trustAnchorFile.map { [$0] } ?? DNSSettings.systemAnchors
        anchors = settings.validation == .off ? nil : files.first { access($0, R_OK) == 0 }
        let count = "\(max(1, settings.maxUnderWay))"
        var options = [
            ("module-config", anchors == nil ? "iterator" : "validator iterator"),
            // Records stay in the order in which they came.
            ("rrset-roundrobin", "no"), ("num-queries-per-thread", count),
            // Sockets are opened when they are needed. As a library, libunbound has 16.
            ("outgoing-range", "\(min(max(16, settings.maxUnderWay), 512))"),
            ("outgoing-num-tcp", "10"),
        ]
        if !forwarders.isEmpty { options += UnboundOptions.forwarding }
        self.options = options
        let ofThisMachine = settings.hostsFile == nil ? UnboundOptions.zonesOfThisMachine : []
        openZones = forwarders.isEmpty ? [] : ["home.arpa.", "test."] + ofThisMachine
    }

    /// A resolver may be on this machine, and knows about private addresses. It often has to ask others: an answer to
    /// the first packet would be ignored once a second one was sent, so that is not sent too soon. That it was gone is
    /// soon forgotten; libunbound would not ask it again for a quarter of an hour.
    private static let forwarding = [
        ("do-not-query-localhost", "no"), ("unblock-lan-zones", "yes"), ("insecure-lan-zones", "yes"),
        ("infra-cache-min-rtt", "1000"), ("infra-host-ttl", "15"), ("infra-keep-probing", "yes"),
    ]
    private static let zonesOfThisMachine = ["localhost.", "127.in-addr.arpa.", oneOfSix]
    private static let oneOfSix = "1." + String(repeating: "0.", count: 31) + "ip6.arpa."

    func apply(to context: OpaquePointer) {
        // A thread, and not a process. It starts with the first question.
        ub_ctx_async(context, 1)
        for (name, value) in options { ub_ctx_set_option(context, name + ":", value) }
        for forwarder in forwarders { ub_ctx_set_fwd(context, forwarder) }
        if let anchors { ub_ctx_add_ta_file(context, anchors) }
        // Last: after it nothing else can be set.
        for zone in openZones { ub_ctx_zone_remove(context, zone) }
    }
}
