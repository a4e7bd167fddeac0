// The blocks of a PEM file (RFC 7468) and the line of each, so that a mistake can be pointed at.

/// Splits a PEM file. What stands between blocks is commentary.
struct PEMBlocks {
    struct Block: Equatable {
        /// `CERTIFICATE`, `PRIVATE KEY` ...
        var label: String
        /// Of its BEGIN, from 1.
        var line: Int
        /// From the first dash of BEGIN to the end of END's line.
        var range: Range<Int>
        /// A line of it cannot be PEM; it has been told.
        var isBroken: Bool

        var isCertificate: Bool { ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"].contains(label) }
        var isKey: Bool { label.hasSuffix("PRIVATE KEY") }
    }

    struct Problem: Equatable {
        var line: Int
        var message: String
    }

    private(set) var blocks: [Block] = []
    private(set) var problems: [Problem] = []
    /// The block that is being read.
    private var open: (label: String, line: Int, start: Int, isBroken: Bool)?

    init(_ bytes: [UInt8]) {
        var (start, line) = (0, 1)
        for text in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            read(Self.trimmed(text), line, start, end: text.endIndex)
            start = text.endIndex + 1
            line += 1
        }
        if let open { problems.append(Problem(line: open.line, message: "BEGIN \(open.label) has no END")) }
    }

    private mutating func read(_ text: ArraySlice<UInt8>, _ line: Int, _ start: Int, end: Int) {
        if let label = Self.label(text, "BEGIN") {
            if let open { problems.append(Problem(line: open.line, message: "BEGIN \(open.label) has no END")) }
            open = (label, line, start, false)
        } else if let label = Self.label(text, "END") {
            guard let begun = open, begun.label == label else {
                return problems.append(Problem(line: line, message: "END \(label) without its BEGIN"))
            }
            blocks.append(Block(label: label, line: begun.line, range: begun.start..<end, isBroken: begun.isBroken))
            open = nil
        } else if let begun = open, !begun.isBroken, !text.allSatisfy(Self.isContent) {
            problems.append(Problem(line: line, message: "not base64, within \(begun.label)"))
            // One finding for each block is enough.
            open?.isBroken = true
        }
    }

    /// The label of `-----BEGIN label-----`.
    private static func label(_ text: ArraySlice<UInt8>, _ word: String) -> String? {
        let (front, back) = (Array("-----\(word) ".utf8), Array("-----".utf8))
        guard text.starts(with: front), text.suffix(5).elementsEqual(back), text.count > front.count + 5 else {
            return nil
        }
        return String(decoding: text.dropFirst(front.count).dropLast(5), as: UTF8.self)
    }

    /// Base64, or a header of an encrypted key (`DEK-Info: AES-256-CBC,...`).
    private static func isContent(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: [UInt8]("+/=:,- \t".utf8).contains(byte)
        }
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let last = text.last, last == 0x20 || last == 0x0D || last == 0x09 { text.removeLast() }
        while let first = text.first, first == 0x20 || first == 0x09 { text.removeFirst() }
        return text
    }
}
