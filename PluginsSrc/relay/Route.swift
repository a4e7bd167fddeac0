// What relay_dest_domains.ini says about a domain.
import HarakaPluginKit

/// What becomes of a recipient.
enum RouteVerdict: Equatable {
    /// Accepted, whoever says what behind this plugin.
    case accept
    /// Accepted unless another plugin refuses it.
    case `continue`
    /// Refused, as is a domain that is not listed.
    case deny
    /// Refused: an action that is none of these.
    case unknown

    init(action: String) {
        switch action {
        case "accept": self = .accept
        case "continue": self = .continue
        case "deny": self = .deny
        default: self = .unknown
        }
    }

    /// Whether the client may relay for such a recipient.
    var isAllowed: Bool { self == .accept || self == .continue }
}

/// One entry: `{ "action": "accept", "nexthop": "host:port" }`.
struct Route: Equatable {
    let verdict: RouteVerdict
    /// Where outbound mail goes: a host, `host:port`, or a URL.
    let nextHop: String?

    /// From a JSON object whose values are texts; nil if it is none. Without an action it only says where mail goes,
    /// and its recipients are refused as in Haraka.
    init?(json: Text) {
        var reader = FlatObject(json)
        guard let pairs = reader.read() else { return nil }
        func value(_ key: String) -> String? { pairs.last { $0.key == key }?.value }
        verdict = RouteVerdict(action: value("action") ?? "")
        nextHop = value("nexthop").flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// All entries, by domain.
struct RouteTable {
    private var routes: [String: Route] = [:]
    var count: Int { routes.count }

    /// Domains are compared in lower case, in which the host hands them out.
    mutating func add(_ route: Route, for domain: Text) {
        routes[domain.asciiLowercased] = route
    }

    /// About a recipient's domain, in lower case. `any` stands for all that are not listed.
    func verdict(for domain: Text) -> RouteVerdict {
        route(for: domain)?.verdict ?? .deny
    }

    /// Where mail for a domain goes; nil: wherever else it would. A domain that is listed without a next hop has none, whatever
    /// `any` has.
    func nextHop(for domain: Text) -> String? { route(for: domain)?.nextHop }

    private func route(for domain: Text) -> Route? { routes[domain.string] ?? routes["any"] }
}

/// Reads a JSON object (RFC 8259) of texts, numbers, true, false and null; nothing nested.
private struct FlatObject {
    private var rest: Slice<UnsafeRawBufferPointer>

    init(_ text: Text) { rest = text.bytes[...] }

    /// Nil if it is none, or if anything follows it.
    mutating func read() -> [(key: String, value: String)]? {
        guard take(UInt8(ascii: "{")) else { return nil }
        var pairs: [(key: String, value: String)] = []
        if !take(UInt8(ascii: "}")) {
            repeat {
                guard let key = string(), take(UInt8(ascii: ":")), let value = string() ?? word() else { return nil }
                pairs.append((key, value))
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")) else { return nil }
        }
        skipBlanks()
        return rest.isEmpty ? pairs : nil
    }

    private mutating func skipBlanks() {
        while let byte = rest.first, byte == 0x20 || (0x09...0x0D).contains(byte) { rest.removeFirst() }
    }

    /// Whether that byte comes next, blanks aside; it is gone then.
    private mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard rest.first == byte else { return false }
        rest.removeFirst()
        return true
    }

    /// Nil if no text begins here.
    private mutating func string() -> String? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
            guard byte >= 0x20 else { return nil }
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            // The only escapes that a domain's entry has a use for.
            guard let escaped = rest.popFirst(), [0x22, 0x5C, 0x2F].contains(escaped) else { return nil }
            bytes.append(escaped)
        }
        return nil
    }

    /// A number or one of the three words, as it stands.
    private mutating func word() -> String? {
        skipBlanks()
        let word = rest.prefix {
            ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || (0x2B...0x39).contains($0) && $0 != 0x2C
        }
        rest = rest[word.endIndex...]
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }
}
