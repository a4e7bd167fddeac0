// Questions to the domain name system, and what is answered. RFC 1034, 1035; plugin.h "dns/1".

/// A name and a type of record. The name is lower case, in A-labels, without a dot at its end.
public struct NameQuestion: Sendable, Hashable {
    public let name: String
    /// 1 A, 2 NS, 5 CNAME, 12 PTR, 15 MX, 16 TXT, 28 AAAA, 52 TLSA ...
    public let type: UInt16

    public init(_ name: String, _ type: UInt16) {
        self.name = name
        self.type = type
    }
}

/// One record of an answer.
public struct NameRecord: Sendable, Equatable {
    public var type: UInt16
    /// Seconds.
    public var ttl: UInt32
    /// Of MX.
    public var priority: UInt16 = 0
    /// A and AAAA: the address; MX, PTR, NS, CNAME: a host in lower case without a dot at its end, "." for the root; TXT: its
    /// strings, joined, as UTF-8; others: empty.
    public var text: String
    /// RDATA as on the wire.
    public var data: [UInt8]

    public init(type: UInt16, ttl: UInt32, priority: UInt16 = 0, text: String, data: [UInt8]) {
        self.type = type
        self.ttl = ttl
        self.priority = priority
        self.text = text
        self.data = data
    }
}

/// How a lookup ended.
public struct NameAnswer: Sendable, Equatable {
    /// The numbers are plugin.h's.
    public enum Status: Int32, Sendable {
        case found, noData, noName, failed, timedOut, bogus, badName
    }
    /// What DNSSEC says of it (RFC 4035). The numbers are plugin.h's.
    public enum Security: UInt32, Sendable { case insecure, secure, bogus }

    public var question: NameQuestion
    public var status: Status
    public var security = Security.insecure
    /// Seconds for which it holds.
    public var ttl: UInt32 = 0
    /// The end of the chain of CNAMEs; the name itself if there is none.
    public var canonical: String
    /// Why there are no records, for a log.
    public var reason = ""
    /// MX by priority, others as they came.
    public var records: [NameRecord] = []

    public init(_ question: NameQuestion, _ status: Status, reason: String = "") {
        self.question = question
        self.status = status
        self.reason = reason
        canonical = question.name
    }
}
