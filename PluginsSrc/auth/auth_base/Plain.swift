// PLAIN (RFC 4616).
import HarakaPluginKit

/// The only message: `authorization NUL user NUL password`.
struct PlainMessage: Equatable {
    /// For whom the client wants to act; empty: for itself.
    let authorization: String
    let user: String
    let password: String

    /// nil: not two NULs, no name, no password, or not UTF-8.
    init?(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let authorization = String(credential: parts[0]),
            let user = String(credential: parts[1]),
            let password = String(credential: parts[2]), !user.isEmpty, !password.isEmpty
        else { return nil }
        (self.authorization, self.user, self.password) = (authorization, user, password)
    }

    /// Nobody acts for another here: RFC 4616 section 2 leaves that to the server.
    var isForItself: Bool { authorization.isEmpty || authorization.utf8.elementsEqual(user.utf8) }
}

/// The client's side of the exchange.
struct Plain {
    private(set) var user = ""

    mutating func begin(_ initial: [UInt8]?) -> Step { initial.map { read($0) } ?? .challenge([]) }

    /// Haraka: asked twice, nothing twice.
    mutating func received(_ response: [UInt8]) -> Step { response.isEmpty ? .badProtocol : read(response) }

    private mutating func read(_ bytes: [UInt8]) -> Step {
        guard let message = PlainMessage(bytes) else { return .malformed }
        user = message.user
        return message.isForItself ? .ask(.password(user: user, password: message.password)) : .refused
    }
}
