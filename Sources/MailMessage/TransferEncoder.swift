// Puts content into a transfer encoding while it arrives (RFC 2045 section 6).

/// Encodes the content of one part.
///
/// What comes out does not depend on how the content is cut into pieces, and ``TransferDecoder`` makes the same content of
/// it again. There is no line end behind the last line: in a multipart it belongs to the boundary.
public struct TransferEncoder: Sendable {
    private let coding: TransferCoding
    private var base64 = Base64Encoder()
    private var quotedPrintable = QuotedPrintableEncoder()

    /// - Parameter encoding: `base64` (lines of 76 characters), `quoted-printable` (lines of at most 76) or anything else,
    ///   for which bytes pass as they are. In any case.
    public init(encoding: String) { coding = TransferCoding(encoding) }

    /// Appends what is certain after these bytes.
    public mutating func encode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        switch coding {
        case .identity: output.append(contentsOf: bytes)
        case .base64: base64.encode(bytes, into: &output)
        case .quotedPrintable: quotedPrintable.encode(bytes, into: &output)
        }
    }

    /// The content has ended: appends what was held back. The encoder can then be used for another part.
    public mutating func finish(into output: inout [UInt8]) {
        switch coding {
        case .identity: break
        case .base64: base64.finish(into: &output)
        case .quotedPrintable: quotedPrintable.finish(into: &output)
        }
    }
}
