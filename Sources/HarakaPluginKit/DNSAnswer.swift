// What the domain name system answers (RFC 1034, 1035).
import CHarakaPluginKit

/// A type of record. Any number works; records of one that has no name here have their `data` only.
public struct RecordType: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let a = RecordType(rawValue: HARAKA_DNS_A)
    public static let ns = RecordType(rawValue: HARAKA_DNS_NS)
    public static let cname = RecordType(rawValue: HARAKA_DNS_CNAME)
    public static let ptr = RecordType(rawValue: HARAKA_DNS_PTR)
    public static let mx = RecordType(rawValue: HARAKA_DNS_MX)
    public static let txt = RecordType(rawValue: HARAKA_DNS_TXT)
    public static let aaaa = RecordType(rawValue: HARAKA_DNS_AAAA)
    public static let tlsa = RecordType(rawValue: HARAKA_DNS_TLSA)
}

/// An answer, copied: keep it as long as you like.
public struct DNSAnswer: Equatable, Sendable {
    /// How the lookup ended. The numbers are plugin.h's.
    public enum Status: Int32, Sendable {
        /// There are records.
        case found
        /// The name exists, without records of that type.
        case noData
        /// There is no such name (NXDOMAIN).
        case noName
        /// No usable answer (SERVFAIL, REFUSED, a loop of CNAMEs ...).
        case failed
        /// None within the time limit.
        case timedOut
        /// Asked for strictly, and the signatures are wrong.
        case bogus
        /// No domain name: nothing was asked.
        case badName
    }

    /// What DNSSEC says of it (RFC 4035). The numbers are plugin.h's.
    public enum Security: UInt32, Sendable {
        /// Not signed, or nobody could check.
        case insecure
        /// Validated up to a trust anchor.
        case secure
        /// It should be signed, and is not properly.
        case bogus
    }

    public var status: Status
    public var security = Security.insecure
    public var type: RecordType
    /// Seconds for which it holds.
    public var ttl: UInt32 = 0
    /// What was asked for, in lower case.
    public var name: String
    /// The end of its chain of CNAMEs; the name itself if there is none.
    public var canonical: String
    /// Why there are no records, for a log.
    public var reason = ""
    /// MX by priority, others as they came.
    public var records: [DNSRecord] = []

    public init(_ name: String, _ type: RecordType, _ status: Status, reason: String = "") {
        (self.name, self.type, self.status, self.reason) = (name, type, status, reason)
        canonical = name
    }

    /// Nobody knows the answer now; another time it may be known.
    public var isTemporaryFailure: Bool { status == .failed || status == .timedOut || status == .bogus }

    /// There is certainly no such record.
    public var isEmpty: Bool { status == .noData || status == .noName || status == .badName }

    /// The records' texts: addresses, hosts, strings of TXT.
    public var texts: [String] { records.map { $0.text } }
}

/// One record of an answer.
public struct DNSRecord: Equatable, Sendable {
    public var type: RecordType
    /// Seconds.
    public var ttl: UInt32
    /// Of MX.
    public var priority: UInt32
    /// A, AAAA: the address. MX, PTR, NS, CNAME: a host in lower case without a dot at its end; `.` is the root (a null MX, RFC
    /// 7505). TXT: its strings, joined. Others: empty.
    public var text: String
    /// RDATA as on the wire.
    public var data: [UInt8]

    public init(_ type: RecordType, ttl: UInt32 = 0, priority: UInt32 = 0, text: String = "", data: [UInt8] = []) {
        (self.type, self.ttl, self.priority, self.text, self.data) = (type, ttl, priority, text, data)
    }
}

extension DNSAnswer {
    /// A copy of what the host lends. A status that this kit does not know is a failure.
    init(_ lent: haraka_dns_answer) {
        let type = RecordType(rawValue: lent.type)
        let status = Status(rawValue: lent.status) ?? .failed
        self.init(Text(lent.name).string, type, status, reason: Text(lent.reason).string)
        security = Security(rawValue: lent.security) ?? .insecure
        ttl = lent.ttl
        canonical = Text(lent.canonical).string
        records = (0..<lent.count).map { DNSRecord(lent.records[$0]) }
    }
}

extension DNSRecord {
    fileprivate init(_ lent: haraka_dns_record) {
        self.init(
            RecordType(rawValue: lent.type), ttl: lent.ttl, priority: lent.priority, text: Text(lent.text).string,
            data: Array(Text(lent.data).bytes))
    }
}
