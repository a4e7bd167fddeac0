// A get_mx answer that is a map, with the members of Haraka's HarakaMx.

import HarakaCore

/// Reads the members; what it does not know, such as from_dns, it leaves alone, as Haraka does.
enum GetMXMap {
    typealias Malformed = GetMXAnswer.Malformed

    static func mx(_ map: ValueMap) throws(Malformed) -> MX {
        var mx = MX()
        let host = try text(map, "host")
        mx.exchange = try text(map, "exchange") ?? host ?? ""
        mx.path = try text(map, "path") ?? ""
        mx.port = try number(map, "port", 0...65_535) ?? 0
        mx.priority = try number(map, "priority", 0...Int(Int32.max)) ?? 0
        mx.bind = try text(map, "bind") ?? ""
        mx.bindHelo = try text(map, "bind_helo") ?? ""
        mx.usesLMTP = flag(map, "using_lmtp")
        mx.authUser = try text(map, "auth_user") ?? ""
        mx.authPassword = try text(map, "auth_pass") ?? ""
        mx.authType = try text(map, "auth_type") ?? ""
        mx.tls = try tls(map)
        return mx
    }

    /// Nil: not there, or null.
    private static func text(_ map: ValueMap, _ name: String) throws(Malformed) -> String? {
        switch map[name] {
        case nil, .null: return nil
        case .text(let text): return text
        // A password of digits, as an ini file has it.
        case .integer(let integer): return String(integer)
        default: throw Malformed(text: "get_mx: \(name) is no text")
        }
    }

    private static func number(_ map: ValueMap, _ name: String, _ range: ClosedRange<Int>) throws(Malformed) -> Int? {
        let number: Int?
        switch map[name] {
        case nil, .null: return nil
        case .integer(let integer): number = Int(exactly: integer)
        case .number(let double): number = Int(exactly: double)
        case .text(let text) where text.isEmpty: return nil
        case .text(let text): number = text.utf8.count <= 10 ? Int(text) : nil
        default: number = nil
        }
        guard let number, range.contains(number) else {
            throw Malformed(text: "get_mx: \(name) is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// What an ini file may hold for it, too.
    private static func flag(_ map: ValueMap, _ name: String) -> Bool {
        guard case .text(let text) = map[name] else { return map[name]?.isTrue ?? false }
        return ["true", "yes", "ok", "enabled", "on", "1"].contains(text.lowercased())
    }

    private static func tls(_ map: ValueMap) throws(Malformed) -> HopTLS {
        switch try text(map, "tls") {
        case nil, "": return .asSettings
        case "required": return .required
        case "never": return .never
        default: throw Malformed(text: "get_mx: tls is neither required nor never")
        }
    }
}
