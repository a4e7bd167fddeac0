// Values, addresses and notes out of JSON: what JSONWriter+Value.swift writes.

import HarakaCore
import SMTPSyntax

extension JSONReader {
    /// Steps over a value of any kind, checking it all the same.
    mutating func skip() throws(QueueFileError) { _ = try value() }

    mutating func value() throws(QueueFileError) -> Value {
        switch next() {
        case 0x7B: return try objectValue()
        case 0x5B: return .list(try values())
        case 0x22: return .text(try string())
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean(try boolean())
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        default:
            switch try number() {
            case .integer(let number): return .integer(number)
            case .floating(let number): return .number(number)
            }
        }
    }

    private mutating func values() throws(QueueFileError) -> [Value] {
        var items: [Value] = []
        try list { reader throws(QueueFileError) in items.append(try reader.value()) }
        return items
    }

    /// A map, or what the one name with a dollar sign says. A sign that is not known here comes from a newer version and
    /// is read as null.
    private mutating func objectValue() throws(QueueFileError) -> Value {
        var entries: [ValueMap.Entry] = []
        var tagged: Value?
        try object { reader, name throws(QueueFileError) in
            if tagged != nil {
                try reader.skip()
            } else if entries.isEmpty, name.utf8.first == UInt8(ascii: "$") {
                tagged = try reader.tagged(name)
            } else {
                entries.append(ValueMap.Entry(name, try reader.value()))
            }
        }
        return tagged ?? .map(ValueMap(entries))
    }

    private mutating func tagged(_ tag: String) throws(QueueFileError) -> Value {
        switch tag {
        case "$bytes": return .bytes(try hexadecimal())
        case "$address": return .address(try address())
        case "$mx": return .mx(try mx())
        case "$map": return .map(try map())
        case "$number": return .number(try notFinite())
        default:
            try skip()
            return .null
        }
    }

    private mutating func map() throws(QueueFileError) -> ValueMap {
        var entries: [ValueMap.Entry] = []
        try object { reader, name throws(QueueFileError) in
            entries.append(ValueMap.Entry(name, try reader.value()))
        }
        return ValueMap(entries)
    }

    private mutating func notFinite() throws(QueueFileError) -> Double {
        switch try string() {
        case "nan": return .nan
        case "inf": return .infinity
        case "-inf": return -.infinity
        default: throw wrong("no number")
        }
    }

    private mutating func hexadecimal() throws(QueueFileError) -> [UInt8] {
        let digits = Array(try string().utf8)
        guard digits.count % 2 == 0 else { throw wrong("half a byte") }
        var octets: [UInt8] = []
        octets.reserveCapacity(digits.count / 2)
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = HexWord.value(digits[place]), let low = HexWord.value(digits[place + 1]) else {
                throw wrong("no hexadecimal digit")
            }
            octets.append(high << 4 | low)
        }
        return octets
    }

    private mutating func mx() throws(QueueFileError) -> MX {
        var mx = MX()
        try object { reader, name throws(QueueFileError) in
            switch name {
            case "exchange": mx.exchange = try reader.string()
            case "priority": mx.priority = Int(try reader.integer())
            case "port": mx.port = Int(try reader.integer())
            case "using_lmtp": mx.usesLMTP = try reader.boolean()
            case "path": mx.path = try reader.string()
            case "bind": mx.bind = try reader.string()
            case "bind_helo": mx.bindHelo = try reader.string()
            case "auth_user": mx.authUser = try reader.string()
            case "auth_pass": mx.authPassword = try reader.string()
            case "auth_type": mx.authType = try reader.string()
            default: try reader.skip()
            }
        }
        return mx
    }
}

// MARK: - addresses

/// The members of an address as they are read.
struct AddressMembers {
    var original = ""
    var user = ""
    var host = ""
    var originalHost = ""

    /// The same address again. Addresses come out of the parser or are made of user and host; both ways are tried. One that
    /// another version's parser took and ours refuses keeps at least where it leads.
    var address: Address? {
        if let parsed = try? Address.parse(original, idna: { _ in host }), isSame(parsed) { return parsed }
        let made = Address(user: user, host: originalHost)
        if isSame(made) { return made }
        let bare = Address(user: user, host: host)
        return !user.isEmpty && bare.user == user && bare.host == host ? bare : nil
    }

    private func isSame(_ address: Address) -> Bool {
        address.original == original && address.user == user && address.host == host
            && address.originalHost == originalHost
    }
}

extension JSONReader {
    mutating func address() throws(QueueFileError) -> Address {
        var members = AddressMembers()
        try object { reader, name throws(QueueFileError) in
            if try !reader.addressMember(name, &members) { try reader.skip() }
        }
        guard let address = members.address else { throw wrong("no address") }
        return address
    }

    /// False: a member that no address has; nothing was read.
    mutating func addressMember(_ name: String, _ members: inout AddressMembers) throws(QueueFileError) -> Bool {
        switch name {
        case "original": members.original = try string()
        case "user": members.user = try string()
        case "host": members.host = try string()
        case "original_host": members.originalHost = try string()
        default: return false
        }
        return true
    }
}
