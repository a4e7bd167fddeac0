// A message that is read as header and parts; parts that are messages are read in the same way.

/// What one who reads a message wants to know.
protocol SevenBitVisitor: MIMEHandler {
    /// The header with the empty line behind it, if there is one. Before everything else, once.
    mutating func messageHeader(_ bytes: UnsafeRawBufferPointer)
    /// The walk has ended. `isOverfull`: not everything was taken apart.
    mutating func messageEnded(isOverfull: Bool)
}

/// A message on its way to a visitor.
final class NestedMessage<Visitor: SevenBitVisitor> {
    /// A longer header is none that anybody could convert.
    private static var longestHeader: Int { BodyLimits.conversion.header }

    var visitor: Visitor
    private var header: [UInt8] = []
    private var scanner = HeaderScanner()
    /// Behind the header.
    private var walker: MIMEWalker?

    init(_ visitor: Visitor) { self.visitor = visitor }

    func feed(_ bytes: UnsafeRawBufferPointer) {
        guard walker == nil else {
            walker?.feed(bytes, &visitor)
            return
        }
        header.append(contentsOf: bytes)
        let found = header.withUnsafeBytes { scanner.scan($0) }
        if let found {
            endHeader(at: found)
        } else if header.count > Self.longestHeader {
            endHeader(at: .init(headerEnd: header.count, bodyStart: header.count))
        }
    }

    func finish() {
        if walker == nil { endHeader(at: endOfUnfinishedHeader()) }
        walker?.end(&visitor)
        visitor.messageEnded(isOverfull: walker?.isOverfull ?? false)
    }

    /// The message has ended inside its header: the last line may lack its end.
    private func endOfUnfinishedHeader() -> HeaderScanner.Boundary {
        let count = header.count
        header += lineEnd
        let found = header.withUnsafeBytes { scanner.scan($0) }
        header.removeLast(2)
        let end = found.map { (min($0.headerEnd, count), min($0.bodyStart, count)) } ?? (count, count)
        return .init(headerEnd: end.0, bodyStart: end.1)
    }

    private func endHeader(at boundary: HeaderScanner.Boundary) {
        let bytes = header
        header = []
        bytes.withUnsafeBytes { bytes in
            let block = HeaderBlock(parsing: bytes.slice(0..<boundary.headerEnd), maxLines: .max)
            visitor.messageHeader(bytes.slice(0..<boundary.bodyStart))
            var walker = MIMEWalker(root: PartFacts(block), limits: .conversion)
            walker.feed(bytes.slice(boundary.bodyStart..<bytes.count), &visitor)
            self.walker = walker
        }
    }
}

/// Whether content can be sent as it is: ASCII in lines of at most 998 bytes that end in CR LF.
struct SevenBitCheck {
    private var column = 0
    private var hasCR = false
    private(set) var isClean = true

    mutating func read(_ bytes: UnsafeRawBufferPointer) {
        guard isClean else { return }
        for byte in bytes {
            if byte & 0x80 != 0 || byte == 0 || hasCR != (byte == 0x0A) { isClean = false }
            hasCR = byte == 0x0D
            column = byte == 0x0A ? 0 : column &+ (byte == 0x0D ? 0 : 1)
            if column > 998 { isClean = false }
        }
    }

    /// A CR at the end is half a line end.
    mutating func finish() { isClean = isClean && !hasCR }
}

extension PartFacts {
    /// `7bit`, `8bit` or `binary`.
    var isUnencoded: Bool { encoding == "7bit" || encoding == "8bit" || encoding == "binary" }
    /// `8bit` or `binary`: not true of a message for a server without 8BITMIME.
    var declaresMore: Bool { encoding == "8bit" || encoding == "binary" }
    /// A message that can be taken apart itself.
    var isMessage: Bool { contentType == "message/rfc822" && isUnencoded }
}
