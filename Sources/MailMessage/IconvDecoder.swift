// The C library's iconv, from any charset to UTF-8.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One conversion descriptor, open as long as this object lives.
final class IconvDecoder {
    private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]
    /// No charset has longer characters; more that makes no character is no text.
    private static let longestCharacter = 32

    private let descriptor: iconv_t
    /// The beginning of a character whose rest has not arrived.
    private var held: [UInt8] = []

    /// nil: the library does not know the name, or cannot open it now.
    init?(_ name: String) {
        guard let descriptor = iconv_open("UTF-8", name), descriptor != iconv_t(bitPattern: -1) else { return nil }
        self.descriptor = descriptor
    }

    deinit { iconv_close(descriptor) }

    func decode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        var offset = 0
        while !held.isEmpty, offset < bytes.count {
            held.append(bytes[offset])
            offset += 1
            let pieces = held
            held.removeAll(keepingCapacity: true)
            pieces.withUnsafeBytes { hold($0, from: convert($0, into: &output), into: &output) }
        }
        let rest = bytes.slice(offset..<bytes.count)
        if !rest.isEmpty { hold(rest, from: convert(rest, into: &output), into: &output) }
    }

    func finish(into output: inout [UInt8]) {
        if !held.isEmpty { output += Self.replacement }
        held.removeAll(keepingCapacity: true)
        // Some converters hold a character back to see whether an accent follows. Then back to the first state.
        _ = withRoom(&output) { room, left in iconv(descriptor, nil, nil, &room, &left) }
        iconv(descriptor, nil, nil, nil, nil)
    }

    private func hold(_ bytes: UnsafeRawBufferPointer, from start: Int, into output: inout [UInt8]) {
        var rest = bytes.slice(start..<bytes.count)
        while rest.count > Self.longestCharacter {
            output += Self.replacement
            rest = rest.slice(1..<rest.count)
            rest = rest.slice(convert(rest, into: &output)..<rest.count)
        }
        held.append(contentsOf: rest)
    }

    /// Converts up to the end or an unfinished character at the end.
    /// - Returns: Where that begins.
    private func convert(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) -> Int {
        var offset = 0
        while offset < bytes.count {
            let before = output.count
            let (failure, used) = step(bytes.slice(offset..<bytes.count), into: &output)
            offset += used
            switch failure {
            case 0: return bytes.count
            case EINVAL: return offset
            case E2BIG where used > 0 || output.count > before: continue
            // EILSEQ, or no progress at all.
            default: offset = passMistake(bytes, offset, isHere: used == 0, into: &output)
            }
        }
        return bytes.count
    }

    /// Puts U+FFFD in the place of a byte that is no text, so that reading goes on behind it.
    ///
    /// glibc's converter for CP949 moves behind some of the characters that it refuses, others stay before them. So
    /// unless it is certain that the mistake is at `offset`, a few more bytes are tried: if they can be read, it was not.
    /// - Returns: Where to go on.
    private func passMistake(
        _ bytes: UnsafeRawBufferPointer, _ offset: Int, isHere: Bool, into output: inout [UInt8]
    ) -> Int {
        var (offset, isHere) = (offset, isHere)
        while !isHere, offset < bytes.count {
            let mark = output.count
            let (failure, used) = step(bytes.slice(offset..<min(offset + 8, bytes.count)), into: &output)
            isHere = failure == EILSEQ && used == 0
            guard !isHere else { break }
            output.insert(contentsOf: Self.replacement, at: mark)
            offset += used
            guard failure == EILSEQ else { return offset }
        }
        output += Self.replacement
        return isHere ? offset + 1 : offset
    }

    /// One call of iconv.
    /// - Returns: errno, or 0 if all was converted; how many bytes it used.
    private func step(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) -> (failure: Int32, used: Int) {
        // iconv reads what it gets, whatever the type says.
        var next = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
        var left = bytes.count
        let failure = withRoom(&output, bytes.count + 64) { room, space in
            iconv(descriptor, &next, &left, &room, &space)
        }
        return (failure, bytes.count - left)
    }

    /// Lends iconv room behind the last byte of `output`.
    /// - Returns: errno of `body`, or 0.
    private func withRoom(
        _ output: inout [UInt8], _ size: Int = 256, _ body: (inout UnsafeMutablePointer<CChar>?, inout Int) -> Int
    ) -> Int32 {
        var failure: Int32 = 0
        output.append(addingCapacity: size) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                let start = UnsafeMutableRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self)
                var room = start
                var left = min(size, buffer.count)
                let space = left
                if body(&room, &left) == Int(bitPattern: UInt.max) { failure = errno }
                count += space - left
            }
        }
        return failure
    }
}
