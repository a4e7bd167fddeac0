// A list of names that answers without looking through it.

/// Texts, compared without ASCII case. However many there are, a question is one look-up, which does not allocate. Loop
/// thread only.
///
///     let hosts = TextSet(copying: plugin.config.lines("host_list").map { $0.text })
///     if hosts.contains(recipient.host) { ... }
public final class TextSet {
    /// All in lower case, one after the other; `texts` points into it.
    private let storage: UnsafeMutableRawBufferPointer
    private var texts: Set<Text> = []

    public var count: Int { texts.count }

    /// Copies the texts, because what the host lends goes away; empty ones are left out.
    public init(copying lent: [Text] = []) {
        storage = .allocate(byteCount: max(1, lent.reduce(0) { $0 + $1.count }), alignment: 1)
        texts.reserveCapacity(lent.count)
        var used = 0
        for text in lent where !text.isEmpty {
            let place = UnsafeMutableRawBufferPointer(rebasing: storage[used..<used + text.count])
            texts.insert(lowered(text, into: place))
            used += text.count
        }
    }

    deinit { storage.deallocate() }

    /// One copy in lower case, on the stack, and one look-up.
    public func contains(_ text: Text) -> Bool {
        guard !texts.isEmpty, !text.isEmpty else { return false }
        return withUnsafeTemporaryAllocation(byteCount: text.count, alignment: 1) { copy in
            texts.contains(lowered(text, into: copy))
        }
    }
}

/// A copy in `place`, which is as long as the text.
private func lowered(_ text: Text, into place: UnsafeMutableRawBufferPointer) -> Text {
    for (index, byte) in text.bytes.enumerated() { place[index] = lowered(byte) }
    return Text(UnsafeRawBufferPointer(place))
}
