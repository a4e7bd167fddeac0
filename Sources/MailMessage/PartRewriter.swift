// One part on its way through the filters that want it.

/// Undoes a part's transfer encoding, passes the content through filters one after the other, and encodes the result in
/// the same encoding, while the content arrives.
final class PartRewriter {
    private var decoder: TransferDecoder
    private var encoder: TransferEncoder
    /// Of parts that are not encoded: a filter may write LF, but no line of mail may end in it.
    private var repair: LineEndRepair?
    private let filters: [any PartFilter]
    /// Between decoder and the first filter, and between filters.
    private var decoded: [UInt8] = []
    private var front: [UInt8] = []
    private var back: [UInt8] = []

    init(encoding: String, filters: [any PartFilter]) {
        decoder = TransferDecoder(encoding: encoding)
        encoder = TransferEncoder(encoding: encoding)
        repair = decoder.isIdentity ? LineEndRepair() : nil
        self.filters = filters
    }

    /// Content as it stands in the message.
    func rewrite(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        if decoder.isIdentity { return filter(bytes, isLast: false, into: &output) }
        decoded.removeAll(keepingCapacity: true)
        decoder.decode(bytes, into: &decoded)
        decoded.withUnsafeBytes { filter($0, isLast: false, into: &output) }
    }

    /// The content has ended. The last call.
    func finish(into output: inout [UInt8]) {
        decoded.removeAll(keepingCapacity: true)
        decoder.finish(into: &decoded)
        decoded.withUnsafeBytes { filter($0, isLast: true, into: &output) }
        encoder.finish(into: &output)
        abort()
    }

    /// Nothing more comes. The last call.
    func abort() {
        for filter in filters { filter.ended() }
    }

    private func filter(_ bytes: UnsafeRawBufferPointer, isLast: Bool, into output: inout [UInt8]) {
        var isFirst = true
        for filter in filters {
            if isFirst {
                guard isLast || !bytes.isEmpty else { return }
                filter.rewrite(bytes, isLast: isLast, into: &front)
            } else {
                guard isLast || !front.isEmpty else { return }
                front.withUnsafeBytes { filter.rewrite($0, isLast: isLast, into: &back) }
                front.removeAll(keepingCapacity: true)
                swap(&front, &back)
            }
            isFirst = false
        }
        front.withUnsafeBytes { encode($0, into: &output) }
        front.removeAll(keepingCapacity: true)
    }

    private func encode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        if repair == nil {
            encoder.encode(bytes, into: &output)
        } else {
            repair?.append(bytes, to: &output)
        }
    }
}
