// The second reading: every part is written as the plan says.

/// Rewrites one message.
struct SevenBitWriter: SevenBitVisitor {
    private let plan: SevenBitPlan
    var output: [UInt8] = []
    private var messageHeader: [UInt8] = []
    /// What the part's header shall say, once it comes.
    private var encoding: String?
    private var isHeaderNext = false
    /// Of the part at hand, if it is rewritten.
    private var coder: PartCoder?

    init(_ plan: SevenBitPlan) { self.plan = plan }

    mutating func messageHeader(_ bytes: UnsafeRawBufferPointer) { messageHeader = Array(bytes) }

    mutating func began(_ part: PartFacts, header: HeaderBlock, at place: PartPlace) {
        let step = plan.steps[part.index]
        switch step {
        case nil: encoding = nil
        case .declare: encoding = "7bit"
        case .encode(let name):
            encoding = name
            coder = PartCoder(part: part.index, from: part.encoding, to: name)
        case .enter(let inner):
            encoding = part.declaresMore ? "7bit" : nil
            coder = PartCoder(part: part.index, message: NestedMessage(SevenBitWriter(inner)))
        }
        let length = place.content - place.header.lowerBound
        if place.parent == nil {
            writeMessageHeader()
        } else if length == 0 {
            writeHeader(UnsafeRawBufferPointer(start: nil, count: 0), isPart: true)
        } else {
            isHeaderNext = true
        }
    }

    mutating func content(_ part: Int, _ bytes: UnsafeRawBufferPointer) {
        if let coder, coder.part == part {
            coder.write(bytes, into: &output)
        } else {
            output.append(contentsOf: bytes)
        }
    }

    mutating func ended(_ part: Int, _ end: PartEnd) {
        guard let coder, coder.part == part else { return }
        self.coder = nil
        coder.finish(into: &output)
    }

    mutating func structure(_ bytes: UnsafeRawBufferPointer) {
        if isHeaderNext {
            isHeaderNext = false
            writeHeader(bytes, isPart: true)
        } else if plan.cleansStructure {
            // Delimiters are ASCII. What is not is a text for readers without MIME.
            output += bytes.lazy.map { $0 < 0x80 && $0 != 0 ? $0 : 0x3F }
        } else {
            output.append(contentsOf: bytes)
        }
    }

    mutating func messageEnded(isOverfull: Bool) {}
}

extension SevenBitWriter {
    private mutating func writeMessageHeader() {
        let bytes = messageHeader
        messageHeader = []
        bytes.withUnsafeBytes { writeHeader($0, isPart: false) }
    }

    /// As it is, unless the encoding changes: then without the fields that said it, and with one more at its end.
    private mutating func writeHeader(_ bytes: UnsafeRawBufferPointer, isPart: Bool) {
        guard let encoding else {
            output.append(contentsOf: bytes)
            return
        }
        self.encoding = nil
        let fields = SevenBitWriter.fields(bytes)
        for field in fields where !SevenBitWriter.isNamed("content-transfer-encoding", bytes, field) {
            output.append(contentsOf: bytes.slice(field))
        }
        if let last = output.last, last != 0x0A, !fields.isEmpty { output += lineEnd }
        // Without it the other fields mean nothing (RFC 2045 section 4).
        if !isPart, !fields.contains(where: { SevenBitWriter.isNamed("mime-version", bytes, $0) }) {
            output += "MIME-Version: 1.0\r\n".utf8
        }
        output += "Content-Transfer-Encoding: \(encoding)\r\n\r\n".utf8
    }

    /// Fields with their continuation lines, the empty line not among them.
    private static func fields(_ bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
        var fields: [Range<Int>] = []
        var start = 0
        while start < bytes.count {
            let end = HeaderLine.lineFeed(bytes, from: start).map { $0 + 1 } ?? bytes.count
            let text = bytes[end - 1] == 0x0A ? end - 1 : end
            switch HeaderLine(bytes, start..<text) {
            case .blank: return fields
            case .continuation where !fields.isEmpty:
                fields[fields.count - 1] = fields[fields.count - 1].lowerBound..<end
            default: fields.append(start..<end)
            }
            start = end
        }
        return fields
    }

    private static func isNamed(_ name: StaticString, _ bytes: UnsafeRawBufferPointer, _ field: Range<Int>) -> Bool {
        guard case .field(name.utf8CodeUnitCount, _) = HeaderLine(bytes, field) else { return false }
        return (0..<name.utf8CodeUnitCount).allSatisfy { offset in
            asciiLowercased(bytes[field.lowerBound + offset]) == name.utf8Start[offset]
        }
    }
}

/// What turns the content of one part into its new form.
private final class PartCoder {
    let part: Int
    private var decoder = TransferDecoder(encoding: "7bit")
    private var encoder = TransferEncoder(encoding: "7bit")
    private var decoded: [UInt8] = []
    private let message: NestedMessage<SevenBitWriter>?

    init(part: Int, from old: String, to new: String) {
        self.part = part
        decoder = TransferDecoder(encoding: old)
        encoder = TransferEncoder(encoding: new)
        message = nil
    }

    init(part: Int, message: NestedMessage<SevenBitWriter>) {
        self.part = part
        self.message = message
    }

    func write(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        if let message {
            message.feed(bytes)
            take(message, into: &output)
        } else if decoder.isIdentity {
            encoder.encode(bytes, into: &output)
        } else {
            decoded.removeAll(keepingCapacity: true)
            decoder.decode(bytes, into: &decoded)
            decoded.withUnsafeBytes { encoder.encode($0, into: &output) }
        }
    }

    func finish(into output: inout [UInt8]) {
        if let message {
            message.finish()
            return take(message, into: &output)
        }
        decoded.removeAll(keepingCapacity: true)
        decoder.finish(into: &decoded)
        decoded.withUnsafeBytes { encoder.encode($0, into: &output) }
        encoder.finish(into: &output)
    }

    private func take(_ message: NestedMessage<SevenBitWriter>, into output: inout [UInt8]) {
        output += message.visitor.output
        message.visitor.output.removeAll(keepingCapacity: true)
    }
}
