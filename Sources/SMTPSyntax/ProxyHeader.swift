// The header that a load balancer puts in front of a connection: haproxy's PROXY protocol (proxy-protocol.txt, 2020/03/05).

/// Who the client is, told by the proxy that its connection came through.
public struct ProxyHeader: Sendable, Equatable {
    /// One end of the connection between the client and the proxy.
    public struct End: Sendable, Equatable {
        /// Dotted IPv4, or IPv6 as RFC 5952 writes it. An IPv4-mapped address is written as IPv4.
        public var address: String
        public var port: Int

        public init(address: String, port: Int) {
            self.address = address
            self.port = port
        }
    }

    /// A type-length-value of version 2.
    public struct Extra: Sendable, Equatable {
        /// PP2_TYPE_...
        public var type: UInt8
        public var value: [UInt8]

        public init(type: UInt8, value: [UInt8]) {
            self.type = type
            self.value = value
        }
    }

    /// What the bytes shown hold at their beginning.
    public enum Progress: Sendable, Equatable {
        /// No whole header yet; show the same bytes again when more have arrived.
        case needMore
        /// The caller drops `consumed` bytes; what follows is the client's.
        case header(ProxyHeader, consumed: Int)
        /// No header, whatever may follow: why, for the log.
        case malformed(String)
    }

    /// 1 or 2.
    public var version: Int
    /// The client, and where it connected to. Nil: the proxy speaks for itself (LOCAL, as health checks do) or knows no
    /// address (UNKNOWN, unix sockets): the connection's own addresses count.
    public var source: End?
    public var destination: End?
    /// All of version 2's, in order.
    public var extras: [Extra] = []
    /// The client spoke TLS with the proxy (PP2_TYPE_SSL, PP2_CLIENT_SSL).
    public var isTLS = false
    /// The name that the client asked the proxy for (PP2_TYPE_AUTHORITY).
    public var authority = ""
    /// PP2_TYPE_ALPN.
    public var alpn = ""

    public init(version: Int) { self.version = version }

    /// The longest line of version 1, CR LF included (section 2.1).
    public static let longestLine = 107
    /// The longest header of version 2 that is accepted. With a client's certificate in it it may have some thousand
    /// bytes; the protocol itself would allow 65,551.
    public static let longestBinary = 16_384

    /// Looks for a header at the beginning of `bytes`.
    ///
    /// What cannot become one is malformed at the first byte that says so.
    /// - Parameter bytes: All that has come, the oldest first.
    public static func parse(_ bytes: UnsafeRawBufferPointer) -> Progress {
        if startsAlike(bytes, signature) { return parseBinary(bytes) }
        let word = StaticBytes("PROXY ")
        guard startsAlike(bytes, word) else { return .malformed("no PROXY header") }
        return bytes.count < word.count ? .needMore : parseLine(bytes)
    }

    /// The bytes that are there are those of `start`, be it whole or not.
    static func startsAlike(_ bytes: UnsafeRawBufferPointer, _ start: StaticBytes) -> Bool {
        (0..<min(bytes.count, start.count)).allSatisfy { bytes[$0] == start[$0] }
    }
}

/// Constant bytes, without an array.
struct StaticBytes: Sendable {
    private let text: StaticString

    init(_ text: StaticString) { self.text = text }

    var count: Int { text.utf8CodeUnitCount }

    /// `index` lies below `count`: the callers count.
    subscript(index: Int) -> UInt8 { text.withUTF8Buffer { $0[index] } }
}
