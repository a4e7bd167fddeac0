// Text to the bytes of any charset.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension Charset {
    /// The bytes of a text in a charset.
    /// - Parameter charset: As for ``CharsetDecoder``; empty counts as ASCII.
    /// - Returns: nil: the charset is not known. `isLossy`: it does not have every character; the others became `?`.
    public static func encode(_ text: String, charset: String) -> (bytes: [UInt8], isLossy: Bool)? {
        encode(text, charset: charset) { _ in "?" }
    }

    /// The same with something else in the place of characters that the charset does not have.
    /// - Parameter replacement: Its characters should be ASCII; what the charset does not have of them is left out.
    static func encode(
        _ text: String, charset: String, replacement: (Unicode.Scalar) -> String
    ) -> (bytes: [UInt8], isLossy: Bool)? {
        guard let reading = reading(charset) else { return nil }
        switch reading {
        case .utf8: return (Array(text.utf8), false)
        case .guessed: return singleBytes(text, replacement) { $0 < 0x80 }
        // Of its names, those of iso-8859-1 hold a 1 and no 2: only what both have, so that every reader can read it.
        case .windows1252 where charset.utf8.contains(0x32) || !charset.utf8.contains(0x31):
            return IconvEncoder("CP1252").map { $0.encode(text, replacement) }
        case .windows1252: return singleBytes(text, replacement) { $0 < 0x80 || (0xA0...0xFF).contains($0) }
        case .library(let name): return IconvEncoder(name).map { $0.encode(text, replacement) }
        }
    }

    private static func singleBytes(
        _ text: String, _ replacement: (Unicode.Scalar) -> String, _ isIn: (UInt32) -> Bool
    ) -> (bytes: [UInt8], isLossy: Bool) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var isLossy = false
        for scalar in text.unicodeScalars {
            if isIn(scalar.value) {
                bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            } else {
                bytes += replacement(scalar).utf8.filter { $0 < 0x80 }
                isLossy = true
            }
        }
        return (bytes, isLossy)
    }
}

/// The C library's iconv, from UTF-8 to one charset.
private final class IconvEncoder {
    private let descriptor: iconv_t

    init?(_ name: String) {
        guard let descriptor = iconv_open(name, "UTF-8"), descriptor != iconv_t(bitPattern: -1) else { return nil }
        self.descriptor = descriptor
    }

    deinit { iconv_close(descriptor) }

    func encode(_ text: String, _ replacement: (Unicode.Scalar) -> String) -> (bytes: [UInt8], isLossy: Bool) {
        var bytes: [UInt8] = []
        var isLossy = false
        var rest = text[...]
        while let stop = convert(Array(rest.utf8), &bytes, &isLossy) {
            isLossy = true
            rest = rest[(rest.utf8.index(rest.startIndex, offsetBy: stop))...]
            guard let scalar = rest.unicodeScalars.popFirst() else { break }
            _ = convert(Array(replacement(scalar).utf8), &bytes, &isLossy)
        }
        // Back to the first state, for charsets that shift between sets.
        _ = append(nil, &bytes, &isLossy)
        return (bytes, isLossy)
    }

    /// - Returns: Offset of the character that the charset does not have; nil: all went well.
    private func convert(_ text: [UInt8], _ bytes: inout [UInt8], _ isLossy: inout Bool) -> Int? {
        text.withUnsafeBytes { text in
            var offset = 0
            while offset < text.count {
                let (failure, used) = append(text.slice(offset..<text.count), &bytes, &isLossy)
                offset += used
                // There is room for a character always, so "too big" without progress does not come.
                if failure != 0, failure != E2BIG || used == 0 { return min(offset, text.count - 1) }
            }
            return nil
        }
    }

    /// One call of iconv; without `text` it writes what ends the bytes.
    private func append(
        _ text: UnsafeRawBufferPointer?, _ bytes: inout [UInt8], _ isLossy: inout Bool
    ) -> (failure: Int32, used: Int) {
        // iconv reads what it gets, whatever the type says.
        var next = UnsafeMutablePointer(mutating: text?.baseAddress?.assumingMemoryBound(to: CChar.self))
        let count = text?.count ?? 0
        var (left, failure, changed) = (count, Int32(0), 0)
        let size = count + 64
        bytes.append(addingCapacity: size) { span in
            span.withUnsafeMutableBufferPointer { buffer, written in
                var room = UnsafeMutableRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self)
                var space = min(size, buffer.count)
                let before = space
                changed = iconv(descriptor, &next, &left, &room, &space)
                if changed == -1 { failure = errno }
                written += before - space
            }
        }
        if changed > 0 { isLossy = true }
        return (failure, count - left)
    }
}
