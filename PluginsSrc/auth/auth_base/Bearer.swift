// OAUTHBEARER (RFC 7628) and XOAUTH2 (the older form of Google and Microsoft): a token that somebody else has issued.
import HarakaPluginKit

/// The only message: `n,a=user,^Aauth=Bearer token^A^A`, or in XOAUTH2 `user=user^Aauth=Bearer token^A^A`.
struct BearerMessage: Equatable {
    /// Empty: the token says who it is.
    let user: String
    let token: String

    /// - Parameter isXOAUTH2: the older form.
    init?(_ bytes: [UInt8], isXOAUTH2: Bool) {
        var parts = bytes.split(separator: 0x01, omittingEmptySubsequences: false)
        // Two ^A at the end leave two empty parts behind them.
        guard parts.count >= 4, parts.removeLast().isEmpty, parts.removeLast().isEmpty else { return nil }
        guard let user = isXOAUTH2 ? Self.xoauth2User(parts[0]) : Self.user(parts[0]),
            let token = Self.token(parts.dropFirst())
        else { return nil }
        (self.user, self.token) = (user, token)
    }

    private static func xoauth2User(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.starts(with: "user=".utf8) else { return nil }
        return String(credential: bytes.dropFirst(5))
    }

    /// `n,a=user,` or `n,,`. There is no channel binding with a token, so `p` is a mistake.
    private static func user(_ header: ArraySlice<UInt8>) -> String? {
        let parts = header.split(separator: 0x2C, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].elementsEqual("n".utf8) || parts[0].elementsEqual("y".utf8), parts[2].isEmpty
        else {
            return nil
        }
        if parts[1].isEmpty { return "" }
        return parts[1].starts(with: "a=".utf8) ? SASLName.read(parts[1].dropFirst(2)) : nil
    }

    /// Exactly one `auth=Bearer <token>` among the other pairs (`host=`, `port=`), which do not matter here.
    private static func token(_ pairs: ArraySlice<ArraySlice<UInt8>>) -> String? {
        guard pairs.allSatisfy({ $0.contains(0x3D) }) else { return nil }
        let values = pairs.filter { $0.starts(with: "auth=".utf8) }
        guard values.count == 1, let value = values.first?.dropFirst(5), let blank = value.firstIndex(of: 0x20),
            String(decoding: value[..<blank], as: UTF8.self).asciiLowercased == "bearer"
        else { return nil }
        let token = value[blank...].drop { $0 == 0x20 }
        guard !token.isEmpty, token.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        return String(decoding: token, as: UTF8.self)
    }
}

/// The client's side of the exchange.
struct Bearer {
    /// RFC 7628 section 3.2.2, and what Google sends: the client is told why before it is refused.
    static let invalidToken = Array(#"{"status":"invalid_token","scope":""}"#.utf8)
    static let invalidXOAUTH2 = Array(#"{"status":"401","schemes":"bearer","scope":""}"#.utf8)

    let isXOAUTH2: Bool
    private(set) var user = ""
    private var isRefused = false

    init(isXOAUTH2: Bool) { self.isXOAUTH2 = isXOAUTH2 }

    mutating func begin(_ initial: [UInt8]?) -> Step { initial.map { read($0) } ?? .challenge([]) }

    /// After a refusal the client says ^A, nothing, or anything: it is refused.
    mutating func received(_ response: [UInt8]) -> Step { isRefused ? .refused : read(response) }

    mutating func judged(isRight: Bool) -> Step {
        guard !isRight else { return .accepted }
        isRefused = true
        return .challenge(isXOAUTH2 ? Self.invalidXOAUTH2 : Self.invalidToken)
    }

    private mutating func read(_ bytes: [UInt8]) -> Step {
        guard let message = BearerMessage(bytes, isXOAUTH2: isXOAUTH2) else { return .malformed }
        user = message.user
        return .ask(.token(user: message.user, token: message.token))
    }
}
