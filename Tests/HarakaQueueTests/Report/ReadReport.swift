// A report taken apart again.

import HarakaCore
import HarakaQueue
import MailMessage
import SMTPSyntax

/// The parts of a message, whole message first, each with its decoded content.
struct ReadReport {
    var header: HeaderBlock
    var facts: [PartFacts] = []
    var contents: [[UInt8]] = []

    init(_ bytes: [UInt8]) {
        let end = bytes.withUnsafeBytes { HeaderBlock.end(of: $0) } ?? 0
        header = bytes.withUnsafeBytes { raw in
            HeaderBlock(parsing: UnsafeRawBufferPointer(rebasing: raw[..<max(0, end - 2)]), maxLines: .max)
        }
        let body = Array(bytes[end...])
        var builder = BodyTree.Builder(root: PartFacts(header), limits: BodyLimits())
        body.withUnsafeBytes { builder.append($0) }
        for part in builder.finish().parts {
            facts.append(part.facts)
            var (decoder, content) = (TransferDecoder(encoding: part.facts.encoding), [UInt8]())
            body[part.content].withUnsafeBytes { decoder.decode($0, into: &content) }
            decoder.finish(into: &content)
            contents.append(content)
        }
    }

    var types: [String] { facts.map(\.contentType) }

    /// The content of the first part of a type.
    func content(_ type: String) -> String {
        zip(types, contents).first { $0.0 == type }.map { String(decoding: $0.1, as: UTF8.self) } ?? "(none)"
    }

    /// Fields of a group of the delivery status: 0 is the message, then the recipients.
    func group(_ number: Int, _ type: String = "message/delivery-status") -> [String] {
        status(type).at(number) ?? []
    }

    /// Fields of a delivery status, in groups.
    func status(_ type: String = "message/delivery-status") -> [[String]] {
        content(type).split(separator: "\r\n\r\n").map { group in
            group.replacing("\r\n ", with: "|").split(separator: "\r\n").map(String.init)
        }
    }
}

extension Array {
    /// Nil where there is none, so that a test that fails goes on.
    func at(_ index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}

/// A mail from joe to bob and eve, and what is known at the time of its report.
struct ReportCase {
    var mail: QueuedMail
    var occasion: BounceReport.Occasion
    var header = "Message-Id: <1@example.org>\r\nSubject: Hi\r\n"
    var kind = BounceReport.Kind.failed
    var found: [RecipientFailure]

    init(from: Address = Address(user: "joe", host: "example.org"), to: [Address] = [ReportCase.bob]) {
        mail = QueuedMail(
            uuid: "U1", queueTime: 1_000_000_000_000, from: from, to: to.map { QueuedRecipient($0) }, size: 100)
        occasion = BounceReport.Occasion(me: "mx.example", pid: 7, uuid: "R1", now: 1_000_000_100_000)
        found = to.map { RecipientFailure($0, EnhancedStatus(class: 5, subject: 1, detail: 1), reason: "no such user") }
    }

    static let bob = Address(user: "bob", host: "example.com")
    static let eve = Address(user: "eve", host: "example.net")

    var report: BounceReport? {
        BounceReport(kind, on: mail, about: found, original: .header(Array(header.utf8)), occasion)
    }

    func read() -> ReadReport { ReadReport(report?.bytes ?? []) }
    func text() -> String { String(decoding: report?.bytes ?? [], as: UTF8.self) }
}
