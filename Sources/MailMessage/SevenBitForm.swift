// A message for a server that takes only ASCII: no 8BITMIME. RFC 6152 section 3, RFC 2045 section 6.

/// Rewrites a message so that every line is ASCII of at most 998 bytes.
///
/// Content that is not becomes quoted-printable if it is text, else base64; everything else stays byte for byte, except
/// that Content-Transfer-Encoding says what is the case. Multiparts and messages inside the message are taken apart,
/// because they themselves must not be encoded (RFC 2046 sections 5.1, 5.2.1). Signatures over what is rewritten do not
/// hold any more, S/MIME, PGP/MIME and DKIM alike: who signs should sign 7-bit content (RFC 5751 section 3.1.2, RFC
/// 6376 section 5.3).
///
/// The header of a part stands before its content, so the message is read twice: ``SevenBitSurvey`` says what each part
/// needs, then this rewrites it. Memory is bounded by the longest header. Not for several threads at once.
public final class SevenBitForm {
    private var reader: NestedMessage<SevenBitWriter>
    /// Whatever comes out, no line gets too long: a field of a header may have been.
    private var folder = LineFolder(limit: 998)
    private var rewritten: [UInt8] = []
    private var endsInLineFeed = true

    /// - Parameter plan: Of the same message.
    public init(_ plan: SevenBitPlan) {
        reader = NestedMessage(SevenBitWriter(plan))
    }

    /// Appends what is certain after these bytes, which are the message from its beginning, header included.
    public func append(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        reader.feed(bytes)
        flush(into: &output)
    }

    /// The message has ended: appends the rest. Once.
    public func finish(into output: inout [UInt8]) {
        reader.finish()
        flush(into: &output)
        folder.finish { note($0, &output) }
        if !endsInLineFeed { output += lineEnd }
    }

    private func flush(into output: inout [UInt8]) {
        swap(&rewritten, &reader.visitor.output)
        rewritten.withUnsafeBytes { bytes in folder.fold(bytes) { note($0, &output) } }
        rewritten.removeAll(keepingCapacity: true)
        swap(&rewritten, &reader.visitor.output)
    }

    private func note(_ bytes: UnsafeRawBufferPointer, _ output: inout [UInt8]) {
        output.append(contentsOf: bytes)
        if let last = bytes.last { endsInLineFeed = last == 0x0A }
    }
}

/// What ``SevenBitForm`` has to do with a message.
public struct SevenBitPlan: Sendable, Equatable {
    /// What happens to one part.
    enum Step: Sendable, Equatable {
        /// Only its header was wrong about it.
        case declare
        case encode(as: String)
        /// A message, with a plan of its own.
        case enter(SevenBitPlan)
    }

    /// By the part's number; parts that stay as they are are missing.
    var steps: [Int: Step] = [:]
    /// What stands between parts is not ASCII.
    var cleansStructure = false

    /// The message can be sent as it is.
    public var isEmpty: Bool { steps.isEmpty && !cleansStructure }
}

/// Why a message cannot be made 7-bit. RFC 3463: 5.6.3, "conversion required but not supported".
public enum SevenBitObstacle: Error, Sendable, Equatable {
    /// A header, of the message or of a part, holds bytes above 127: it needs SMTPUTF8, or is broken.
    case header
    /// A part of that type must not be encoded, and cannot be taken apart.
    case part(String)
    /// Content in an encoding that nobody knows.
    case encoding(String)
    /// Too many parts, or messages inside messages.
    case structure

    /// For people.
    public var text: String {
        switch self {
        case .header: "the header of the message is not ASCII"
        case .part(let type): "a part of type \(SevenBitObstacle.word(type)) cannot be converted to 7 bit"
        case .encoding(let name): "the transfer encoding \(SevenBitObstacle.word(name)) is not known"
        case .structure: "the message has too many parts to be converted to 7 bit"
        }
    }

    private static func word(_ word: String) -> String {
        String(decoding: word.utf8.prefix(60).map { $0 > 0x20 && $0 < 0x7F ? $0 : 0x3F }, as: UTF8.self)
    }
}

extension BodyLimits {
    /// A queued message has passed those of connection.ini already; these only bound what a conversion costs.
    static let conversion: BodyLimits = {
        var limits = BodyLimits()
        (limits.parts, limits.depth, limits.header) = (10_000, 100, 1 << 20)
        return limits
    }()
}
