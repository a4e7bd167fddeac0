// The messages of SCRAM, taken apart (RFC 5802 section 7).
import HarakaPluginKit

/// What the client says about channel binding, in the first byte of its first message.
enum ChannelBindingFlag: Equatable {
    /// `n`: it cannot.
    case unsupported
    /// `y`: it could, but thinks that the server cannot.
    case notOffered
    /// `p=name`: it does.
    case required(String)
}

/// `client-first-message`: `n,a=authzid,n=user,r=nonce`.
struct ClientFirst: Equatable {
    let flag: ChannelBindingFlag
    /// The header as it came, for the last message.
    let header: [UInt8]
    /// For whom the client wants to act; empty: for itself.
    let authorization: String
    let user: String
    let nonce: String
    /// `client-first-message-bare`, as it came: both sides sign it.
    let bare: [UInt8]

    init?(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: 0x2C, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let flag = Self.flag(parts[0]), let authorization = Self.authorization(parts[1]),
            let fields = Self.fields(parts[2])
        else { return nil }
        (self.flag, self.authorization) = (flag, authorization)
        header = Array(bytes[..<parts[2].startIndex])
        bare = Array(parts[2])
        (user, nonce) = fields
    }

    /// Nobody acts for another here.
    var isForItself: Bool { authorization.isEmpty || authorization.utf8.elementsEqual(user.utf8) }

    private static func flag(_ bytes: ArraySlice<UInt8>) -> ChannelBindingFlag? {
        if bytes.elementsEqual("n".utf8) { return .unsupported }
        if bytes.elementsEqual("y".utf8) { return .notOffered }
        guard bytes.starts(with: "p=".utf8), bytes.count > 2, bytes.dropFirst(2).allSatisfy({ isNameByte($0) }) else {
            return nil
        }
        return .required(String(decoding: bytes.dropFirst(2), as: UTF8.self))
    }

    private static func authorization(_ bytes: ArraySlice<UInt8>) -> String? {
        if bytes.isEmpty { return "" }
        return bytes.starts(with: "a=".utf8) ? SASLName.read(bytes.dropFirst(2)) : nil
    }

    /// Extensions may follow the nonce; the one that may come first (`m=`) says that it must be understood.
    private static func fields(_ bytes: ArraySlice<UInt8>) -> (user: String, nonce: String)? {
        let fields = bytes.split(separator: 0x2C, omittingEmptySubsequences: false)
        guard fields.count >= 2, fields[0].starts(with: "n=".utf8), fields[1].starts(with: "r=".utf8),
            let user = SASLName.read(fields[0].dropFirst(2)), let nonce = printable(fields[1].dropFirst(2))
        else { return nil }
        return (user, nonce)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E: true
        default: false
        }
    }
}

/// `client-final-message`: `c=binding,r=nonce,p=proof`.
struct ClientFinal: Equatable {
    /// The header of the first message, and what binds to the channel.
    let binding: [UInt8]
    let nonce: String
    let proof: [UInt8]
    /// All before `,p=`, as it came: both sides sign it.
    let withoutProof: [UInt8]

    init?(_ bytes: [UInt8]) {
        let fields = bytes.split(separator: 0x2C, omittingEmptySubsequences: false)
        guard fields.count >= 3, let last = fields.last, fields[0].starts(with: "c=".utf8),
            fields[1].starts(with: "r=".utf8), last.starts(with: "p=".utf8),
            let binding = base64(fields[0].dropFirst(2)),
            let nonce = printable(fields[1].dropFirst(2)), let proof = base64(last.dropFirst(2))
        else { return nil }
        (self.binding, self.nonce, self.proof) = (binding, nonce, proof)
        withoutProof = Array(bytes[..<(last.startIndex - 1)])
    }
}

/// Names in SCRAM and in the header of OAUTHBEARER: `,` is `=2C` and `=` is `=3D`.
enum SASLName {
    /// nil: empty, another escape, not UTF-8, or prohibited characters.
    static func read(_ bytes: ArraySlice<UInt8>) -> String? {
        var name: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == 0x3D else {
                name.append(byte)
                continue
            }
            if rest.starts(with: "2C".utf8) {
                name.append(0x2C)
            } else if rest.starts(with: "3D".utf8) {
                name.append(0x3D)
            } else {
                return nil
            }
            rest = rest.dropFirst(2)
        }
        guard let text = String(credential: name), let prepared = SASLPrep.prepared(text) else { return nil }
        return prepared.isEmpty ? nil : prepared
    }
}

/// `printable`: ASCII that can be seen, without the comma, and some of it.
private func printable(_ bytes: ArraySlice<UInt8>) -> String? {
    guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2C }) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
}

private func base64(_ bytes: ArraySlice<UInt8>) -> [UInt8]? { printable(bytes).flatMap { Base64.decode($0) } }
