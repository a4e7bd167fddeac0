// Queued mails of the zoo, and the questions about them.

import HarakaCore
import SMTPSyntax

@testable import HarakaPluginHost

/// Verdicts as they come. On the loop.
final class ZooVerdicts: @unchecked Sendable {
    private let lock = ZooLock()
    private var collected: [Verdict] = []
    var all: [Verdict] { lock.with { collected } }
    func add(_ verdict: Verdict) { lock.with { collected.append(verdict) } }
}

/// A message that is a few bytes.
final class ZooQueuedMessage: MessageView {
    let bytes: [UInt8]
    init(_ text: String) { bytes = Array(text.utf8) }
    var size: Int { bytes.count }
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = max(0, min(buffer.count, bytes.count - offset))
        buffer.copyBytes(from: bytes[offset..<(offset + count)])
        return count
    }
}

extension Zoo {
    /// A mail of its own. The caller holds it; let go of it on the loop.
    func queued(_ uuid: String = "U.1.1", _ message: String? = "A: b\r\n\r\nc\r\n") -> ZooMailBox {
        loop.run {
            let to = [Address(user: "b", host: "example.org"), Address(user: "c", host: "example.org")]
            let mail = HMail(
                uuid: uuid, path: "/queue/U.1", domain: "example.org",
                envelope: (Address(user: "a", host: "x.example"), to),
                queueTime: 1000, size: 77, origin: "smtp", notes: Notes(),
                message: {
                    guard let message else { throw ZooFailure("no disk") }
                    return ZooQueuedMessage(message)
                })
            mail.failures = 2
            mail.lastError = "it rained"
            return ZooMailBox(self, mail)
        }
    }

    /// Asks, and says what was decided and when.
    func ask(_ question: OutboundQuestion, _ box: ZooMailBox) -> ZooVerdicts {
        let verdicts = ZooVerdicts()
        loop.run {
            guard let mail = box.mail else { return }
            host.ask(question, about: mail) { verdicts.add($0) }
        }
        loop.drain()
        return verdicts
    }
}

/// Holds a mail, which belongs to the loop.
final class ZooMailBox: @unchecked Sendable {
    private let zoo: Zoo
    private(set) var mail: HMail?
    init(_ zoo: Zoo, _ mail: HMail) {
        self.zoo = zoo
        self.mail = mail
    }

    /// Nobody needs the mail any more.
    func drop() {
        zoo.loop.run { mail = nil }
        zoo.loop.drain()
    }
}
