// What a walk over a body tells.

/// Takes a body apart from ``MIMEWalker``.
///
/// ``content(_:_:)`` and ``structure(_:)`` together get every byte of the body exactly once and in order. How the bytes
/// are cut into calls depends on how they came; nothing else does.
public protocol MIMEHandler {
    /// A part begins. The first is the whole message, whose header is empty here: the caller has it.
    ///
    /// The header's bytes, the empty line behind it included, come in the very next call of ``structure(_:)``, unless
    /// there are none.
    mutating func began(_ part: PartFacts, header: HeaderBlock, at place: PartPlace)
    /// Content of a part that is no multipart, never empty. Valid during the call.
    mutating func content(_ part: Int, _ bytes: UnsafeRawBufferPointer)
    /// The part's last byte was handed out; of a multipart, the end of its epilogue. Children end before their parents.
    mutating func ended(_ part: Int, _ end: PartEnd)
    /// Everything that is no content, never empty: delimiter lines with the line end in front of them, headers of parts,
    /// what stands before the first part and behind the last. Valid during the call.
    mutating func structure(_ bytes: UnsafeRawBufferPointer)
}

/// Where a part is, in bytes from the beginning of the body.
public struct PartPlace: Sendable, Equatable {
    /// Index of the multipart that it is in; nil: it is the whole message.
    public var parent: Int?
    /// Its header without the empty line behind it.
    public var header: Range<Int>
    /// Where its content begins.
    public var content: Int

    public init(parent: Int?, header: Range<Int>, content: Int) {
        (self.parent, self.header, self.content) = (parent, header, content)
    }

    /// The whole message.
    static let root = PartPlace(parent: nil, header: 0..<0, content: 0)
}
