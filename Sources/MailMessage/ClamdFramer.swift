// The frames of clamd's command INSTREAM.

/// Cuts a stream into chunks of one size, each with its length before it: 4 bytes, big endian.
struct ClamdFramer: Sendable {
    /// What Haraka's MessageStream uses.
    static let usualSize = 65_536

    private let chunkSize: Int
    private var chunk: [UInt8] = []

    /// - Parameter chunkSize: In bytes; 0 or less is ``usualSize``. More than the length can say is cut down.
    init(chunkSize: Int) {
        self.chunkSize = chunkSize > 0 ? min(chunkSize, Int(Int32.max)) : Self.usualSize
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        var rest = bytes
        while !rest.isEmpty {
            let taken = min(chunkSize - chunk.count, rest.count)
            // A chunk that is there at once needs no copy.
            if taken == chunkSize {
                Self.appendLength(taken, to: &output)
                output.append(contentsOf: rest.slice(0..<taken))
            } else {
                chunk.append(contentsOf: rest.slice(0..<taken))
                if chunk.count == chunkSize { flush(&output) }
            }
            rest = rest.slice(taken..<rest.count)
        }
    }

    /// The last chunk, which may be shorter, and the length 0.
    mutating func finish(into output: inout [UInt8]) {
        if !chunk.isEmpty { flush(&output) }
        Self.appendLength(0, to: &output)
    }

    private mutating func flush(_ output: inout [UInt8]) {
        Self.appendLength(chunk.count, to: &output)
        output += chunk
        chunk.removeAll(keepingCapacity: true)
    }

    private static func appendLength(_ length: Int, to output: inout [UInt8]) {
        withUnsafeBytes(of: UInt32(length).bigEndian) { output.append(contentsOf: $0) }
    }
}
