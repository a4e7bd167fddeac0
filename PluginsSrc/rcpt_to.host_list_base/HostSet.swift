// A set of domains that answers without allocating.
import HarakaPluginKit

/// Domains in lower case, compared byte by byte. The host hands domains out in lower case and as A-labels, so a look-up
/// hashes the bytes where they lie.
final class HostSet {
    /// All names, one after the other; `names` points into it.
    private let storage: UnsafeMutableRawBufferPointer
    private var names: Set<Text> = []

    var count: Int { names.count }

    /// Nothing is local.
    convenience init() { self.init(copying: []) }

    /// From a list of lines.
    convenience init(_ lines: ValueView) {
        self.init(copying: (0..<lines.count).map { lines[$0].text })
    }

    /// Copies, trims and lower-cases the names; empty ones are left out.
    init(copying texts: [Text]) {
        storage = .allocate(byteCount: max(1, texts.reduce(0) { $0 + $1.count }), alignment: 1)
        var used = 0
        for text in texts.lazy.map({ $0.trimmed }) where !text.isEmpty {
            let place = UnsafeMutableRawBufferPointer(rebasing: storage[used..<used + text.count])
            for (index, byte) in text.bytes.enumerated() { place[index] = lowerCased(byte) }
            names.insert(Text(UnsafeRawBufferPointer(place)))
            used += text.count
        }
    }

    deinit { storage.deallocate() }

    func contains(_ host: Text) -> Bool { !host.isEmpty && names.contains(host) }
}

private func lowerCased(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
