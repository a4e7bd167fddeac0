// Values of notes as JSON. What JSON has no form for is an object whose one member's name begins with a dollar sign.

import HarakaCore
import SMTPSyntax

extension JSONWriter {
    /// - `{"$bytes": "00ff"}`: text that is not UTF-8, in hexadecimal
    /// - `{"$number": "nan"}`, `"inf"`, `"-inf"`
    /// - `{"$address": {...}}`, `{"$mx": {...}}`
    /// - `{"$map": {...}}`: a map whose first name begins with a dollar sign itself
    mutating func value(_ value: Value) {
        switch value {
        case .null: raw("null")
        case .boolean(let flag): boolean(flag)
        case .integer(let number): integer(number)
        case .number(let number) where number.isFinite: finite(number)
        case .text(let text): string(text)
        case .number, .bytes, .list, .map, .address, .mx: if canNest { nested(value) } else { raw("null") }
        }
    }

    private mutating func nested(_ value: Value) {
        switch value {
        case .number(let number): tagged("$number") { $0.string(number.isNaN ? "nan" : number < 0 ? "-inf" : "inf") }
        case .bytes(let octets): tagged("$bytes") { $0.hexadecimal(octets) }
        case .list(let items): list(items)
        case .map(let map): self.map(map)
        case .address(let address): tagged("$address") { $0.address(address) }
        case .mx(let mx): tagged("$mx") { $0.mx(mx) }
        default: raw("null")
        }
    }

    private mutating func tagged(_ tag: String, _ write: (inout JSONWriter) -> Void) {
        object {
            $0.key(tag)
            write(&$0)
        }
    }

    private mutating func list(_ items: [Value]) {
        list {
            for item in items {
                $0.item()
                $0.value(item)
            }
        }
    }

    private mutating func map(_ map: ValueMap) {
        guard map.entries.first?.key.utf8.first == UInt8(ascii: "$") else { return members(map) }
        tagged("$map") { $0.members(map) }
    }

    mutating func members(_ map: ValueMap) {
        object {
            for entry in map.entries {
                $0.key(entry.key)
                $0.value(entry.value)
            }
        }
    }

    private mutating func hexadecimal(_ octets: [UInt8]) {
        raw("\"")
        var digits: [UInt8] = []
        digits.reserveCapacity(octets.count * 2)
        for octet in octets {
            digits.append(HexWord.digits[Int(octet >> 4)])
            digits.append(HexWord.digits[Int(octet & 0xF)])
        }
        verbatim(digits)
        raw("\"")
    }

    /// With the members of Haraka's Address.
    mutating func address(_ address: Address) {
        object { $0.addressMembers(address) }
    }

    mutating func addressMembers(_ address: Address) {
        key("original")
        string(address.original)
        key("user")
        string(address.user)
        key("host")
        string(address.host)
        key("original_host")
        string(address.originalHost)
    }

    /// With the members of Haraka's MX; those that are as usual are left out.
    private mutating func mx(_ mx: MX) {
        object { writer in
            writer.key("exchange")
            writer.string(mx.exchange)
            writer.key("priority")
            writer.integer(Int64(mx.priority))
            if mx.port != 0 {
                writer.key("port")
                writer.integer(Int64(mx.port))
            }
            if mx.usesLMTP {
                writer.key("using_lmtp")
                writer.boolean(true)
            }
            let texts = [
                ("path", mx.path), ("bind", mx.bind), ("bind_helo", mx.bindHelo), ("auth_user", mx.authUser),
                ("auth_pass", mx.authPassword), ("auth_type", mx.authType),
            ]
            for (name, text) in texts where !text.isEmpty {
                writer.key(name)
                writer.string(text)
            }
        }
    }
}
