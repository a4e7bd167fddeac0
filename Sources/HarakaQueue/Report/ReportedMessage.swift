// The message that a report is about.

import MailMessage

struct ReportedMessage {
    /// As the report returns it: a header not longer than the limit.
    let bytes: DeliveryReport.Original
    /// Decoded, one line; may be empty.
    let subject: String
    /// With its angle brackets; empty: it has none.
    let messageID: String

    init(_ original: DeliveryReport.Original, limit: Int) {
        let header: HeaderBlock
        switch original {
        case .message(let bytes):
            self.bytes = original
            header = ReportedMessage.block(bytes)
        case .header(let bytes):
            self.bytes = .header(ReportedMessage.shortened(bytes, to: max(0, limit)))
            header = ReportedMessage.block(bytes)
        }
        let subject = header.first("subject").map { EncodedWords.decode(Array($0.utf8)) } ?? ""
        self.subject = ReportedMessage.line(subject, limit: 200)
        messageID = header.first("message-id") ?? ""
    }

    private static func block(_ bytes: [UInt8]) -> HeaderBlock {
        bytes.withUnsafeBytes { raw in
            var scanner = HeaderScanner()
            let end = scanner.scan(raw)?.headerEnd ?? raw.count
            return HeaderBlock(parsing: UnsafeRawBufferPointer(rebasing: raw[..<end]), maxLines: 10_000)
        }
    }

    /// Whole lines only.
    private static func shortened(_ bytes: [UInt8], to limit: Int) -> [UInt8] {
        guard bytes.count > limit else { return bytes }
        let cut = bytes[..<limit]
        return cut.lastIndex(of: 0x0A).map { Array(cut[...$0]) } ?? []
    }

    /// On one line, and not longer than people read.
    static func line(_ text: String, limit: Int) -> String {
        let line = Placeholders.oneLine(text)
        return line.count > limit ? String(line.prefix(limit)) + "..." : line
    }
}
