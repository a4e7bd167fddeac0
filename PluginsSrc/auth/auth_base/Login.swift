// LOGIN: no RFC, but every client has it. Name, then password, each in answer to a fixed question.
import HarakaPluginKit

struct Login {
    static let askUser = Array("Username:".utf8)
    static let askPassword = Array("Password:".utf8)

    private(set) var user = ""
    private var hasUser = false

    /// The name may come with the command.
    mutating func begin(_ initial: [UInt8]?) -> Step { initial.map { readUser($0) } ?? .challenge(Self.askUser) }

    mutating func received(_ response: [UInt8]) -> Step { hasUser ? readPassword(response) : readUser(response) }

    private mutating func readUser(_ bytes: [UInt8]) -> Step {
        guard !bytes.isEmpty else { return .badProtocol }
        guard let name = String(credential: bytes) else { return .malformed }
        (user, hasUser) = (name, true)
        return .challenge(Self.askPassword)
    }

    private func readPassword(_ bytes: [UInt8]) -> Step {
        guard let password = String(credential: bytes), !password.isEmpty else { return .malformed }
        return .ask(.password(user: user, password: password))
    }
}
