// Where a mail can be handed over. docs/outbound.md "Where mail goes".

public import HarakaCore
public import SMTPSyntax

/// One server that takes mail: an address of a host, or a socket on this machine. Hops are tried in their order.
public struct Hop: Sendable, Equatable {
    /// The host's name, which is what its certificate must say; of a literal its address. Empty for a socket.
    public var host = ""
    /// IPv4 or IPv6 as text. Empty for a socket.
    public var ip = ""
    /// Of a unix socket, whole. Empty for a host.
    public var path = ""
    public var port = Hop.smtpPort
    /// Of the MX; smaller ones go first.
    public var priority = 0
    /// LMTP (RFC 2033) is spoken.
    public var isLMTP = false
    /// The address from which to connect; empty: any.
    public var bind = ""
    /// The name for EHLO; empty: as usual.
    public var helo = ""
    public var auth: HopAuth?
    /// It was found by the names of the domain. False: get_mx has named it, or the domain is an address.
    public var isFromDNS = false
    public var tls = HopTLS.asSettings

    /// RFC 5321 section 4.5.4.2.
    public static let smtpPort = 25
    /// Haraka's default; RFC 2033 section 5 only says that it must not be 25.
    public static let lmtpPort = 24

    public init() {}

    /// `host [ip]:port`, or the path, for logs.
    public var shown: String {
        guard path.isEmpty else { return path }
        let shownIP = host.isEmpty || host == ip ? "[\(ip)]" : "\(host) [\(ip)]"
        return "\(shownIP):\(port)"
    }
}

/// How to log in at a hop.
public struct HopAuth: Sendable, Equatable {
    public var user: String
    public var password: String
    /// The mechanism; empty: the best that the server offers.
    public var type: String

    public init(user: String, password: String, type: String = "") {
        self.user = user
        self.password = password
        self.type = type
    }
}

extension HopAuth: CustomStringConvertible {
    /// Without the password: a hop may be written to a log.
    public var description: String { "\(user) \(type)" }
}

/// What get_mx says about TLS at a hop.
public typealias HopTLS = MX.TLS

/// Why there is nowhere to go.
public struct RouteFailure: Error, Sendable, Equatable {
    /// No attempt will do better. Else: another time.
    public var isPermanent: Bool
    /// The SMTP code that fits, for plugins and reports.
    public var code: Int
    public var status: EnhancedStatus
    /// For people: the sender of the mail may read it.
    public var text: String
    /// What is behind it, for the log; may be empty.
    public var cause: String

    static func permanent(
        _ text: String, code: Int = 550, _ subject: UInt16, _ detail: UInt16, cause: String = ""
    ) -> RouteFailure {
        let status = EnhancedStatus(class: 5, subject: subject, detail: detail)
        return RouteFailure(isPermanent: true, code: code, status: status, text: text, cause: cause)
    }

    static func temporary(_ text: String, _ subject: UInt16, _ detail: UInt16, cause: String = "") -> RouteFailure {
        let status = EnhancedStatus(class: 4, subject: subject, detail: detail)
        return RouteFailure(isPermanent: false, code: 450, status: status, text: text, cause: cause)
    }
}

/// What of the network is this server itself: mail for there would come back.
public struct OwnNames: Sendable, Equatable {
    /// Lower case: `me`, and what else this server is called in MX records.
    public var names: Set<String>
    /// Of its interfaces and listeners. Loopback addresses need not be among them.
    public var addresses: Set<IPAddress>

    public init(names: Set<String> = [], addresses: Set<IPAddress> = []) {
        self.names = names
        self.addresses = addresses
    }

    func isOwn(name: String) -> Bool { names.contains(name) }

    /// Loopback, `0.0.0.0` and addresses of the link are own ones too, as in Haraka.
    func isOwn(_ address: IPAddress) -> Bool { address.isLocal || addresses.contains(address) }
}
