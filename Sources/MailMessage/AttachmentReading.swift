// The content of an attachment on its way to its readers.

/// Decodes each attachment once for all who read it. One part at a time.
struct AttachmentReading {
    private let observers: [any AttachmentObserver]
    /// Of the part at hand.
    private var readers: [any AttachmentReader] = []
    private var decoder = TransferDecoder(encoding: "7bit")
    /// Kept for the next part; at most two pieces.
    private var decoded: [UInt8] = []
    /// The most that readers get, and the decoder, at once.
    private static let piece = 65_536

    init(observers: [any AttachmentObserver]) { self.observers = observers }

    /// Asks everybody, if the part is an attachment.
    mutating func begin(_ part: PartFacts) {
        guard !observers.isEmpty, part.isAttachment else { return }
        readers = observers.compactMap { $0.begins(part) }
        if !readers.isEmpty { decoder = TransferDecoder(encoding: part.encoding) }
    }

    mutating func read(_ bytes: UnsafeRawBufferPointer) {
        guard !readers.isEmpty else { return }
        if decoder.isIdentity { return hand(bytes) }
        var rest = bytes[...]
        while !rest.isEmpty {
            decoder.decode(UnsafeRawBufferPointer(rebasing: rest.prefix(Self.piece)), into: &decoded)
            rest = rest.dropFirst(Self.piece)
            handDecoded()
        }
    }

    /// The part at hand has ended, or nobody wants it any more. Without readers nothing happens.
    mutating func end(_ end: PartEnd) {
        guard !readers.isEmpty else { return }
        if end != .aborted {
            decoder.finish(into: &decoded)
            handDecoded()
        }
        // Forgotten before they are told: they cannot be told twice.
        let ended = readers
        readers = []
        for reader in ended { reader.ended(end) }
    }

    private mutating func handDecoded() {
        decoded.withUnsafeBytes { hand($0) }
        decoded.removeAll(keepingCapacity: true)
    }

    private func hand(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.piece))
            for reader in readers { reader.received(piece) }
            rest = rest.dropFirst(Self.piece)
        }
    }
}
