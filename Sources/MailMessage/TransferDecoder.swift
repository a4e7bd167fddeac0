// Undoes the transfer encoding of a part while its content arrives (RFC 2045 section 6).

/// Decodes the content of one part.
///
/// What comes out does not depend on how the content is cut into pieces. It is as lenient as mail readers are, because a
/// filter must see what a reader would show; ``Base64Decoder`` and ``QuotedPrintableDecoder`` say how. Memory is bounded
/// by a line.
public struct TransferDecoder: Sendable {
    private let coding: TransferCoding
    private var base64 = Base64Decoder()
    private var quotedPrintable = QuotedPrintableDecoder()

    /// - Parameter encoding: `base64`, `quoted-printable`, `7bit`, `8bit` or `binary` in any case. Anything else counts as
    ///   `8bit`, as in Haraka.
    public init(encoding: String) { coding = TransferCoding(encoding) }

    /// The content passes as it is, so that a caller can spare itself the copy.
    public var isIdentity: Bool { coding == .identity }

    /// Appends what is certain after these bytes.
    public mutating func decode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        switch coding {
        case .identity: output.append(contentsOf: bytes)
        case .base64: base64.decode(bytes, into: &output)
        case .quotedPrintable: quotedPrintable.decode(bytes, into: &output)
        }
    }

    /// The content has ended: appends what was held back. The decoder can then be used for another part.
    public mutating func finish(into output: inout [UInt8]) {
        switch coding {
        case .identity: break
        case .base64: base64.finish(into: &output)
        case .quotedPrintable: quotedPrintable.finish(into: &output)
        }
    }
}
