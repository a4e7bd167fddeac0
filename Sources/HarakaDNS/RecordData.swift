// RDATA into what people read. RFC 1035 section 3.3, RFC 3596.

import Glibc
import HarakaCore

enum RecordType {
    static let a: UInt16 = 1
    static let ns: UInt16 = 2
    static let cname: UInt16 = 5
    static let ptr: UInt16 = 12
    static let mx: UInt16 = 15
    static let txt: UInt16 = 16
    static let aaaa: UInt16 = 28
}

extension NameRecord {
    /// A record of an answer; nil: its data do not make sense for its type.
    init?(_ type: UInt16, ttl: UInt32, _ data: [UInt8]) {
        self.init(type: type, ttl: ttl, text: "", data: data)
        switch type {
        case RecordType.a: guard read(AF_INET, 4) else { return nil }
        case RecordType.aaaa: guard read(AF_INET6, 16) else { return nil }
        case RecordType.ns, RecordType.cname, RecordType.ptr: guard readHost(from: 0) else { return nil }
        case RecordType.mx:
            guard data.count > 2, readHost(from: 2) else { return nil }
            priority = UInt16(data[0]) << 8 | UInt16(data[1])
        case RecordType.txt: guard readStrings() else { return nil }
        default: break
        }
    }

    private mutating func read(_ family: CInt, _ size: Int) -> Bool {
        guard data.count == size else { return false }
        var room = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, data, &room, socklen_t(room.count)) != nil else { return false }
        text = String(decoding: room.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return true
    }

    private mutating func readHost(from start: Int) -> Bool {
        guard let host = DomainName.text(data[start...]) else { return false }
        text = host
        return true
    }

    /// The strings of a TXT record one behind the other, as SPF and DKIM read them (RFC 7208 section 3.3).
    private mutating func readStrings() -> Bool {
        var joined: [UInt8] = []
        var at = 0
        while at < data.count {
            let end = at + 1 + Int(data[at])
            guard end <= data.count else { return false }
            joined += data[(at + 1)..<end]
            at = end
        }
        text = String(decoding: joined, as: UTF8.self)
        return true
    }
}
