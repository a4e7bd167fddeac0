// Bytes from the socket between supervisor and worker into messages.

/// Finds the messages in a stream that arrives in pieces of any size.
///
/// Each byte is looked at a bounded number of times, however small the pieces. Holds at most what was appended and not
/// yet taken: whoever reads the socket takes all messages after each `append`.
public struct LinkDecoder: Sendable {
    private var bytes: [UInt8] = []
    /// How many of `bytes` were taken already.
    private var taken = 0
    /// Once damaged, always damaged: nobody knows where the next frame would begin.
    private var error: LinkError?

    /// Memory of a large message is given back when it was taken.
    private static let keptCapacity = 64 << 10

    public init() {}

    /// Adds what was read from the socket; copied, so the memory is the caller's again at once. After an error: ignored.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard error == nil else { return }
        self.bytes.append(contentsOf: bytes)
    }

    /// The next message, or nil if it has not arrived whole. Bytes that are not UTF-8 become U+FFFD.
    ///
    /// - Throws: why the stream is damaged; from then on always the same.
    public mutating func next() throws(LinkError) -> LinkMessage? {
        if let error { throw error }
        do throws(LinkError) {
            guard let header = try header() else { return nil }
            let message = try message(header)
            take(LinkMessage.headerSize + header.size)
            return message
        } catch {
            self.error = error
            bytes = []
            taken = 0
            throw error
        }
    }

    private struct Header {
        var size: Int
        var descriptors: Int
        var texts: Int
    }

    /// The header of a frame that is there whole. A bad header is an error before its payload is waited for.
    private func header() throws(LinkError) -> Header? {
        let available = bytes.count - taken
        guard available >= LinkMessage.headerSize else { return nil }
        let header = Header(
            size: number(at: taken, bytes: 4), descriptors: number(at: taken + 4, bytes: 2),
            texts: number(at: taken + 6, bytes: 2))
        if header.size > LinkMessage.payloadLimit { throw .payloadTooLong(header.size) }
        if header.descriptors > LinkMessage.descriptorLimit { throw .tooManyDescriptors(header.descriptors) }
        if header.texts == 0 { throw .noVerb }
        if header.texts * 4 > header.size { throw .lengthsDisagree }
        return available - LinkMessage.headerSize >= header.size ? header : nil
    }

    /// The texts of a frame that is there whole; they must fill its payload to the last byte.
    private func message(_ header: Header) throws(LinkError) -> LinkMessage {
        var position = taken + LinkMessage.headerSize
        let end = position + header.size
        let verb = try text(at: &position, end: end)
        var fields: [String] = []
        fields.reserveCapacity(header.texts - 1)
        for _ in 1..<header.texts { fields.append(try text(at: &position, end: end)) }
        if position != end { throw .lengthsDisagree }
        return LinkMessage(verb: verb, fields: fields, descriptorCount: header.descriptors)
    }

    private func text(at position: inout Int, end: Int) throws(LinkError) -> String {
        guard end - position >= 4 else { throw .lengthsDisagree }
        let size = number(at: position, bytes: 4)
        position += 4
        guard end - position >= size else { throw .lengthsDisagree }
        defer { position += size }
        return String(decoding: bytes[position..<position + size], as: UTF8.self)
    }

    /// A little-endian number of at most 4 bytes, which are there.
    private func number(at position: Int, bytes count: Int) -> Int {
        var value = 0
        for index in (position..<position + count).reversed() { value = value << 8 | Int(bytes[index]) }
        return value
    }

    /// Moves what is left to the front only when that is the smaller half, so that moving stays linear in all.
    private mutating func take(_ count: Int) {
        taken += count
        if taken == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptCapacity)
        } else if taken > bytes.count / 2 {
            bytes.removeFirst(taken)
        } else {
            return
        }
        taken = 0
    }
}
