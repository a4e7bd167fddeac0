// What get_mx answers: a host, a URL, a socket, MX values, maps, lists of them. docs/outbound.md "get_mx".

public import HarakaCore

/// Reads the value of OK from the hook `get_mx`.
public enum GetMXAnswer {
    /// The value makes no sense. For the log; the mail waits, because it is not the sender's fault.
    public struct Malformed: Error, Sendable, Equatable {
        public var text: String

        public init(text: String) { self.text = text }
    }

    /// More entries are cut off: nobody tries so many.
    static let most = 100

    /// Where the plugin wants the mail to go, in its order.
    ///
    /// A text is `host`, `host:port`, an IPv4 or IPv6 address with or without `[...]` and port, `smtp://` or `lmtp://`
    /// with user, password, host, port, or a path of a unix socket (`/path`, `unix:/path`, `lmtp:///path`). A map has
    /// the members of Haraka's HarakaMx: exchange or host, path, port, priority, bind, bind_helo, using_lmtp,
    /// auth_user, auth_pass, auth_type, and tls (`required`, `never`). A list has any of these.
    public static func mx(from value: Value) -> Result<[MX], Malformed> {
        do throws(Malformed) {
            guard case .list(let items) = value else { return .success([try one(value)]) }
            guard !items.isEmpty else { throw Malformed(text: "get_mx: the list is empty") }
            var found: [MX] = []
            for item in items.prefix(most) { found.append(try one(item)) }
            return .success(found)
        } catch {
            return .failure(error)
        }
    }

    private static func one(_ value: Value) throws(Malformed) -> MX {
        switch value {
        case .text(let text): return try GetMXText.mx(text)
        case .mx(let mx): return try checked(mx)
        case .map(let map): return try checked(try GetMXMap.mx(map))
        case .null: throw Malformed(text: "get_mx: OK without a value")
        default: throw Malformed(text: "get_mx: \(shown(value.description)) is no host")
        }
    }

    /// The rules that hold whatever the form: one place to go, and a name or address that can be asked for.
    private static func checked(_ given: MX) throws(Malformed) -> MX {
        var mx = given
        if mx.path.isEmpty {
            guard !mx.exchange.isEmpty else { throw Malformed(text: "get_mx: neither exchange nor path") }
            mx.exchange = try GetMXText.host(mx.exchange)
        } else {
            guard mx.exchange.isEmpty else { throw Malformed(text: "get_mx: both exchange and path") }
            mx.path = try GetMXText.path(mx.path)
        }
        guard (0...65_535).contains(mx.port) else { throw Malformed(text: "get_mx: \(mx.port) is no port") }
        guard mx.bind.isEmpty || IPAddress(mx.bind) != nil else {
            throw Malformed(text: "get_mx: bind \(shown(mx.bind)) is no address")
        }
        // It becomes a word of EHLO.
        guard mx.bindHelo.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw Malformed(text: "get_mx: bind_helo \(shown(mx.bindHelo)) is no name")
        }
        guard mx.authUser.isEmpty == mx.authPassword.isEmpty else {
            throw Malformed(text: "get_mx: user and password belong together")
        }
        return mx
    }

    /// Somebody's text in a line of the log.
    static func shown(_ text: String) -> String {
        let clean = text.unicodeScalars.prefix(100).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : Character($0) }
        return "'" + String(clean) + "'"
    }
}
