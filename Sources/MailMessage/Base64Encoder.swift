// Bytes to base64 (RFC 2045 section 6.8).

/// Writes base64 in lines of 76 characters, as Haraka does.
struct Base64Encoder: Sendable {
    /// 57 bytes are 76 characters.
    private static let bytesInLine = 57
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The bytes of a group that is not complete: 0...2.
    private var held: [UInt8] = []
    /// How many bytes the current line stands for. The line end is written before the next line, not behind the last.
    private var inLine = 0

    mutating func encode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        output.reserveCapacity(forMore: (bytes.count + 2) / 3 * 4 + (bytes.count / Self.bytesInLine + 2) * 2)
        var offset = fill(from: bytes, into: &output)
        while offset + 3 <= bytes.count {
            beginLineIfFull(&output)
            let groups = min(Self.bytesInLine - inLine, bytes.count - offset) / 3
            Self.append(bytes.slice(offset..<(offset + groups * 3)), to: &output)
            inLine += groups * 3
            offset += groups * 3
        }
        held.append(contentsOf: bytes.slice(offset..<bytes.count))
    }

    mutating func finish(into output: inout [UInt8]) {
        if !held.isEmpty {
            beginLineIfFull(&output)
            let padding = 3 - held.count
            held += [UInt8](repeating: 0, count: padding)
            held.withUnsafeBytes { Self.append($0, to: &output) }
            output.removeLast(padding)
            output += [UInt8](repeating: 0x3D, count: padding)
        }
        held.removeAll(keepingCapacity: true)
        inLine = 0
    }

    /// Completes the group that is under way.
    /// - Returns: How many bytes that took.
    private mutating func fill(from bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) -> Int {
        guard !held.isEmpty else { return 0 }
        let taken = min(3 - held.count, bytes.count)
        held.append(contentsOf: bytes.slice(0..<taken))
        guard held.count == 3 else { return taken }
        beginLineIfFull(&output)
        held.withUnsafeBytes { Self.append($0, to: &output) }
        held.removeAll(keepingCapacity: true)
        inLine += 3
        return taken
    }

    private mutating func beginLineIfFull(_ output: inout [UInt8]) {
        guard inLine == Self.bytesInLine else { return }
        output += lineEnd
        inLine = 0
    }

    /// Appends whole groups; the number of `bytes` is a multiple of three.
    private static func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        output.append(addingCapacity: bytes.count / 3 * 4) { span in
            alphabet.withUnsafeBufferPointer { alphabet in
                span.withUnsafeMutableBufferPointer { room, count in
                    count += encode(bytes, alphabet, UnsafeMutableBufferPointer(rebasing: room[count...]))
                }
            }
        }
    }

    /// - Returns: How many characters it wrote; there is room for them.
    private static func encode(
        _ bytes: UnsafeRawBufferPointer, _ alphabet: UnsafeBufferPointer<UInt8>,
        _ room: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        var (offset, written) = (0, 0)
        while offset &+ 3 <= bytes.count {
            let group = UInt32(bytes[offset]) &<< 16 | UInt32(bytes[offset &+ 1]) &<< 8 | UInt32(bytes[offset &+ 2])
            room[written] = alphabet[Int(group &>> 18)]
            room[written &+ 1] = alphabet[Int(group &>> 12 & 0x3F)]
            room[written &+ 2] = alphabet[Int(group &>> 6 & 0x3F)]
            room[written &+ 3] = alphabet[Int(group & 0x3F)]
            offset &+= 3
            written &+= 4
        }
        return written
    }
}
