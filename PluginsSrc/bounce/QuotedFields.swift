// The header of the message that a bounce answers, wherever the bounce quotes it.
import HarakaPluginKit

/// The fields that the hash is made of, and the hash.
struct QuotedFields: Equatable {
    static let hashName = "X-Haraka-Bounce-Validation"

    var from = "", date = "", messageID = "", hash = ""

    /// Whether there is anything to sign.
    var isComplete: Bool { !from.isEmpty && !date.isEmpty && !messageID.isEmpty }

    /// What the hash is of. Runs of white space are one blank: bouncing servers fold headers anew.
    var signed: String { collapsed(from) + ":" + collapsed(date) + ":" + collapsed(messageID) }

    /// Takes a field, if it is one of these and the first of its name.
    mutating func take(_ name: String, _ value: String) {
        switch name.asciiLowercased {
        case "from": if from.isEmpty { from = value }
        case "date": if date.isEmpty { date = value }
        case "message-id": if messageID.isEmpty { messageID = value }
        case "x-haraka-bounce-validation": if hash.isEmpty { hash = value }
        default: break
        }
    }
}

/// Looks for the block of header lines with a hash: in parts of their own (`message/rfc822`, `text/rfc822-headers`), or
/// in the text of a bounce that has no parts. Empty if there is none.
func quotedFields(_ body: Body) throws(PluginError) -> QuotedFields {
    var found = QuotedFields()
    try body.searchParts { part throws(PluginError) in
        // The bounce's own header says nothing about what it answers.
        if part.index > 0 {
            var fields = QuotedFields()
            for name in ["From", "Date", "Message-ID", QuotedFields.hashName] {
                fields.take(name, part.header(name)[0].text.string)
            }
            if !fields.hash.isEmpty {
                found = fields
                return true
            }
        }
        guard part.isText || part.contentType.hasPrefix("message/") else { return false }
        guard let fields = try scan(part.open(.decoded)) else { return false }
        found = fields
        return true
    }
    return found
}

/// A header stands at the front of what quotes it; nobody has to read a large message to its end.
private let scannedBytes = 262_144

/// One part, until the fields are found.
private func scan(_ stream: Stream) throws(PluginError) -> QuotedFields? {
    var scan = BlockScan()
    var bytes = 0
    try stream.searchChunks { piece throws(PluginError) in
        bytes += piece.count
        return scan.take(piece) || bytes >= scannedBytes
    }
    scan.finish()
    return scan.found
}

/// Reads text line by line, in pieces of any size, for a block of header fields that holds a hash.
struct BlockScan {
    /// The fields of the first block with a hash.
    private(set) var found: QuotedFields?
    private var block = QuotedFields()
    /// The field that may go on in the next line.
    private var name = "", value = ""
    private var line: [UInt8] = []

    /// Longer lines are no fields that count here.
    private static let longestLine = 8192

    /// True: found, no more is wanted.
    mutating func take(_ piece: UnsafeRawBufferPointer) -> Bool {
        for byte in piece where found == nil {
            if byte == 0x0A {
                endLine()
            } else if line.count <= Self.longestLine {
                line.append(byte)
            }
        }
        return found != nil
    }

    /// The end of the text, which ends its last block, too.
    mutating func finish() {
        endLine()
        endBlock()
    }

    /// A blank line ends a block, a line that begins with a blank goes on, any other begins a field.
    private mutating func endLine() {
        defer { line.removeAll(keepingCapacity: true) }
        if line.last == 0x0D { line.removeLast() }
        guard let first = line.first else { return endBlock() }
        guard line.count <= Self.longestLine else { return endField() }
        if first == 0x20 || first == 0x09 {
            if !name.isEmpty { value += " " + String(decoding: line, as: UTF8.self) }
            return
        }
        endField()
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let field = line[..<colon]
        guard !field.isEmpty, field.count < 64, field.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return }
        name = String(decoding: field, as: UTF8.self)
        value = String(decoding: line[(colon + 1)...], as: UTF8.self)
    }

    /// The field is whole.
    private mutating func endField() {
        if !name.isEmpty { block.take(name, collapsed(value)) }
        (name, value) = ("", "")
    }

    /// A block without a hash is no header of ours.
    private mutating func endBlock() {
        endField()
        if found == nil, !block.hash.isEmpty { found = block }
        block = QuotedFields()
    }
}

/// Without white space at the ends, and with one blank for each run of it inside.
func collapsed(_ text: String) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
        let isBlank = byte == 0x20 || (0x09...0x0D).contains(byte)
        if !isBlank { bytes.append(byte) } else if let last = bytes.last, last != 0x20 { bytes.append(0x20) }
    }
    if bytes.last == 0x20 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
}
