// Clients that are not let in: what they are told, and a log that a flood of them does not fill.

import NIOCore
import SMTPSyntax

/// Why a client is told to come back later before any plugin has seen it.
enum TurnedAway: Equatable {
    case tooManyFromAddress
    case tooMany
    case tooManyHandshakes
    case short(Shortage)

    var reply: Reply {
        switch self {
        case .tooManyFromAddress:
            Reply(421, "Too many connections from your address", status: .init(4, 7, 0))
        case .tooMany: Reply(421, "Too many connections, try again later", status: .init(4, 3, 2))
        case .tooManyHandshakes: Reply(421, "Too many TLS handshakes, try again later", status: .init(4, 3, 2))
        case .short(let what): Reply(421, "\(what.words), try again later", status: .init(4, 3, 2))
        }
    }

    /// The reply as it is sent.
    func words(withStatus: Bool) -> [UInt8] {
        let reply = reply
        let status = withStatus ? reply.status.map { "\($0) " } ?? "" : ""
        return Array("\(reply.code) \(status)\(reply.text)\r\n".utf8)
    }

    /// For the log.
    var reason: String {
        switch self {
        case .tooManyFromAddress: "too many connections from this address"
        case .tooMany: "too many connections"
        case .tooManyHandshakes: "too many TLS handshakes"
        case .short(let what): what.words.lowercased()
        }
    }
}

/// One line for an address and a second, with the number of those that had none.
struct TurnedAwayLog {
    /// So many addresses have lines of their own in one second; the others share one.
    private static let maximum = 100
    private var waiting: [String: (count: Int, reason: String)] = [:]

    /// The line to be written now; nil: it is counted.
    mutating func note(_ address: String, _ reason: String) -> String? {
        let isKnown = waiting[address] != nil
        let name = isKnown || waiting.count < TurnedAwayLog.maximum ? address : "others"
        defer { waiting[name, default: (-1, reason)].count += 1 }
        return waiting[name] == nil ? TurnedAwayLog.line(name, reason) : nil
    }

    /// A second is over: lines for those that were counted. Empty afterwards when nobody came.
    mutating func settle() -> [String] {
        let counted = waiting.filter { $0.value.count > 0 }.sorted { $0.key < $1.key }
        waiting = [:]
        for (address, entry) in counted { waiting[address] = (0, entry.reason) }
        return counted.map { address, entry in TurnedAwayLog.line(address, entry.reason) + " count=\(entry.count)" }
    }

    var isEmpty: Bool { waiting.isEmpty }

    private static func line(_ address: String, _ reason: String) -> String {
        "client turned away: \(reason) ip=\(address)"
    }
}
