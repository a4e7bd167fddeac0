// From an address to the folder of its mailbox.
import HarakaPluginKit

/// The template of `path`, cut into folder names. Cut once, when the configuration is read: then no `/` of an address
/// can ever be taken for one of the template.
struct MailboxPath: Equatable, Sendable {
    private enum Piece: Equatable, Sendable {
        case literal(String), user, domain, address
    }

    private let folders: [[Piece]]

    /// How many folders lie between the root and `new`.
    var depth: Int { folders.count }

    /// Refuses a template that leaves the root or has an unknown `%` letter.
    init(template: String) throws(PluginError) {
        var folders: [[Piece]] = []
        for part in template.utf8.split(separator: UInt8(ascii: "/")) {
            let name = String(decoding: part, as: UTF8.self)
            guard name != ".", name != ".." else { throw PluginError("path: \(template) leaves the root") }
            folders.append(try MailboxPath.pieces(of: part, in: template))
        }
        guard !folders.isEmpty else { throw PluginError("path: empty") }
        self.folders = folders
    }

    /// One folder name of the template. `%` alone is refused and not taken as it is: a later version may mean something
    /// by that letter.
    private static func pieces(of part: Substring.UTF8View, in template: String) throws(PluginError) -> [Piece] {
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        var bytes = part.makeIterator()
        func flush() {
            if !literal.isEmpty { pieces.append(.literal(String(decoding: literal, as: UTF8.self))) }
            literal = []
        }
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%") else {
                literal.append(byte)
                continue
            }
            switch bytes.next() {
            case UInt8(ascii: "%"): literal.append(byte)
            case UInt8(ascii: "u"): flush(); pieces.append(.user)
            case UInt8(ascii: "d"): flush(); pieces.append(.domain)
            case UInt8(ascii: "a"): flush(); pieces.append(.address)
            default: throw PluginError("path: \(template): after % comes u, d, a or %")
            }
        }
        flush()
        return pieces
    }

    /// The folder names from the root to the mailbox.
    func mailbox(user: String, domain: String) -> [String] {
        // Before any escaping, which would hide the quotes.
        let user = unquoted(user)
        return folders.map { pieces in
            // A folder that begins with literal text cannot begin with a dot of the address.
            var name = ""
            for piece in pieces {
                switch piece {
                case .literal(let text): name += text
                case .user: name += escaped(user, atStart: name.isEmpty)
                case .domain: name += escaped(domain, atStart: name.isEmpty)
                case .address: name += escaped(user + "@" + domain, atStart: name.isEmpty)
                }
            }
            return shortened(name)
        }
    }
}

/// The local part without its quotes: `"joe"@example.com` and `joe@example.com` are one mailbox (RFC 5321 4.1.2).
func unquoted(_ user: String) -> String {
    let bytes = Array(user.utf8)
    let quote = UInt8(ascii: "\"")
    guard bytes.count >= 2, bytes.first == quote, bytes.last == quote else { return user }
    var plain: [UInt8] = []
    // A backslash takes the meaning from the next byte, also from another backslash.
    var isQuoted = false
    for byte in bytes[1..<(bytes.count - 1)] {
        isQuoted = byte == UInt8(ascii: "\\") && !isQuoted
        if !isQuoted { plain.append(byte) }
    }
    return String(decoding: plain, as: UTF8.self)
}

/// Lower case, and `%XX` for every byte that is not one of `a-z 0-9 . _ + = -`, for dots at the start, and for nothing
/// at all (`%`), so that different addresses have different names and none is `.`, `..` or hidden.
func escaped(_ text: String, atStart: Bool = true) -> String {
    guard !text.isEmpty else { return "%" }
    let hex: StaticString = "0123456789ABCDEF"
    var name: [UInt8] = []
    // Maildir++ and most tools take a leading dot for something special; dots further on are ordinary.
    var dotsLead = atStart
    for byte in text.utf8 {
        let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
        if isPlain(lower) && !(dotsLead && lower == UInt8(ascii: ".")) {
            name.append(lower)
            dotsLead = false
        } else {
            dotsLead = dotsLead && lower == UInt8(ascii: ".")
            name += [UInt8(ascii: "%"), hex.utf8Start[Int(lower >> 4)], hex.utf8Start[Int(lower & 15)]]
        }
    }
    return String(decoding: name, as: UTF8.self)
}

/// Bytes that stay: no shell, no mail reader and no file system gives them a meaning inside a name.
private func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "-"): true
    default: false
    }
}

/// File systems take 255 bytes. A longer name keeps its beginning; `%%` cannot come from an address, so it collides
/// with none that is short, and the hash keeps long ones apart.
func shortened(_ name: String) -> String {
    guard name.utf8.count > 200 else { return name }
    let bytes = Array(name.utf8)
    return String(decoding: bytes[..<160], as: UTF8.self) + "%%"
        + hexadecimal(fnv(bytes, basis: 0xcbf2_9ce4_8422_2325)) + hexadecimal(fnv(bytes, basis: 0x6c62_272e_07bb_0142))
}

/// FNV-1a: who can craft a collision has two mailboxes in one folder, both of them his.
private func fnv(_ bytes: [UInt8], basis: UInt64) -> UInt64 {
    bytes.reduce(basis) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}

/// Always 16 digits, so that all shortened names are equally long.
private func hexadecimal(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
}
