// A message made 7-bit, and what is in it before and after.

import MailMessage

/// Both readings, in pieces of any size.
func madeSevenBit(_ message: [UInt8], piece: () -> Int = { .max }) throws(SevenBitObstacle) -> [UInt8] {
    let survey = SevenBitSurvey()
    for part in pieces(of: message, piece) { part.withUnsafeBytes { survey.append($0) } }
    let form = SevenBitForm(try survey.finish())
    var output: [UInt8] = []
    for part in pieces(of: message, piece) { part.withUnsafeBytes { form.append($0, into: &output) } }
    form.finish(into: &output)
    return output
}

private func pieces(of bytes: [UInt8], _ piece: () -> Int) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        pieces.append(Array(rest.prefix(max(1, piece()))))
        rest = rest.dropFirst(pieces.last?.count ?? 0)
    }
    return pieces
}

/// What readers see of a message: fields, and the decoded content of each part, messages inside it too.
struct SeenMessage: Equatable {
    struct Part: Equatable {
        var type: String
        var fields: [String]
        var content: [UInt8]
        var message: [SeenMessage]
    }

    var fields: [String]
    var parts: [Part]

    /// Which fields say how content is encoded, is of no interest.
    private static func shown(_ fields: [HeaderField]) -> [String] {
        fields.filter { !["content-transfer-encoding", "mime-version"].contains($0.name.lowercased()) }
            .map { "\($0.name):\(String(decoding: $0.value, as: UTF8.self))" }
    }

    init(_ bytes: [UInt8]) {
        let end = bytes.withUnsafeBytes { raw in
            var scanner = HeaderScanner()
            return scanner.scan(raw) ?? .init(headerEnd: raw.count, bodyStart: raw.count)
        }
        let header = bytes.withUnsafeBytes { raw in
            HeaderBlock(parsing: UnsafeRawBufferPointer(rebasing: raw[..<end.headerEnd]), maxLines: .max)
        }
        fields = SeenMessage.shown(header.fields)
        let walked = WalkedBody(Array(bytes[end.bodyStart...]), root: PartFacts(header))
        parts = walked.parts.map { part in
            var (decoder, content) = (TransferDecoder(encoding: part.facts.encoding), [UInt8]())
            part.content.withUnsafeBytes { decoder.decode($0, into: &content) }
            decoder.finish(into: &content)
            let isMessage = part.facts.contentType == "message/rfc822"
            return Part(
                type: part.facts.contentType, fields: SeenMessage.shown(part.fields), content: isMessage ? [] : content,
                message: isMessage ? [SeenMessage(content)] : [])
        }
    }
}
