// Bytes of any charset to UTF-8 while they arrive.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Converts the text of one part to UTF-8.
///
/// What comes out is valid UTF-8 and does not depend on how the bytes are cut into pieces, characters of several bytes
/// included. What cannot be read becomes U+FFFD, and reading goes on. Memory is bounded. Not for use by two threads at
/// once.
public final class CharsetDecoder {
    private enum Converter {
        case utf8(UTF8Repair)
        case utf7(UTF7Decoder)
        case windows1252
        case library(IconvDecoder)
    }

    private var converter: Converter

    /// - Parameter charset: By any of the names that mail uses for it, in any case; empty counts as `us-ascii`. Bytes
    ///   above 127 in ASCII are read as UTF-8 where they are valid UTF-8, else as windows-1252; `iso-8859-1` is read as
    ///   windows-1252.
    /// - Returns: nil if neither this code nor the C library knows the charset.
    public init?(charset: String) {
        guard let reading = Charset.reading(charset), let converter = Self.converter(reading) else { return nil }
        self.converter = converter
    }

    /// A charset that nobody knows is read as if there were none.
    public init(guessing charset: String) {
        let known = Charset.reading(charset).flatMap(Self.converter)
        converter = known ?? .utf8(UTF8Repair(stray: .windows1252))
    }

    private static func converter(_ reading: Charset.Reading) -> Converter? {
        switch reading {
        case .utf8: .utf8(UTF8Repair(stray: .replaced))
        case .guessed: .utf8(UTF8Repair(stray: .windows1252))
        case .windows1252: .windows1252
        case .library("UTF-7"): .utf7(UTF7Decoder())
        case .library(let name): IconvDecoder(name).map { .library($0) }
        }
    }

    /// Appends the UTF-8 of what is certain after these bytes.
    public func decode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        switch converter {
        case .utf8(var repair):
            repair.append(bytes, to: &output)
            converter = .utf8(repair)
        case .utf7(var decoder):
            decoder.decode(bytes, into: &output)
            converter = .utf7(decoder)
        case .windows1252: Windows1252.append(bytes, to: &output)
        case .library(let library): library.decode(bytes, into: &output)
        }
    }

    /// The text has ended: appends U+FFFD if it ended inside a character.
    public func finish(into output: inout [UInt8]) {
        switch converter {
        case .utf8(var repair):
            repair.finish(into: &output)
            converter = .utf8(repair)
        case .utf7(var decoder):
            decoder.finish(into: &output)
            converter = .utf7(decoder)
        case .windows1252: break
        case .library(let library): library.finish(into: &output)
        }
    }

    /// All of a text.
    func text(_ bytes: UnsafeRawBufferPointer) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        decode(bytes, into: &output)
        finish(into: &output)
        return String(decoding: output, as: UTF8.self)
    }
}

/// The charset that Western senders mean.
enum Windows1252 {
    /// 0x80...0x9F; what is not assigned stays what it is, as browsers do it.
    private static let upper: [UInt16] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,
        0x017D,
        0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153,
        0x9D,
        0x017E, 0x0178,
    ]

    /// Appends one byte above 127 as UTF-8.
    static func append(_ octet: UInt8, to output: inout [UInt8]) {
        let scalar = octet < 0xA0 ? upper[Int(octet & 0x1F)] : UInt16(octet)
        if scalar < 0x800 {
            output.append(0xC0 | UInt8(truncatingIfNeeded: scalar >> 6))
        } else {
            output.append(0xE0 | UInt8(truncatingIfNeeded: scalar >> 12))
            output.append(0x80 | UInt8(truncatingIfNeeded: scalar >> 6) & 0x3F)
        }
        output.append(0x80 | UInt8(truncatingIfNeeded: scalar) & 0x3F)
    }

    static func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        output.reserveCapacity(forMore: bytes.count + bytes.count / 8)
        var offset = 0
        while offset < bytes.count {
            let end = bytes.endOfASCII(from: offset)
            output.append(contentsOf: bytes.slice(offset..<end))
            offset = end
            while offset < bytes.count, bytes[offset] > 0x7F {
                append(bytes[offset], to: &output)
                offset += 1
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Offset of the first byte above 127 at or behind `start`, or the end.
    func endOfASCII(from start: Int) -> Int {
        var offset = start
        while offset &+ 8 <= count, loadUnaligned(fromByteOffset: offset, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        {
            offset &+= 8
        }
        while offset < count, self[offset] < 0x80 { offset &+= 1 }
        return offset
    }
}
