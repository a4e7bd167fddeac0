// Quoted-printable to bytes (RFC 2045 section 6.7).

/// Reads quoted-printable as mail readers do.
///
/// `=` at the end of a line joins it with the next, also with blanks behind it, before a bare LF and at the very end.
/// Blanks before any other line end are dropped. Hexadecimal digits may be of either case. `=` with something else behind
/// it stays as it is.
struct QuotedPrintableDecoder: Sendable {
    private enum Place {
        case text
        /// Behind blanks and a CR.
        case textCR
        /// Behind `=` and perhaps blanks.
        case equals
        /// Behind `=`, perhaps blanks, and a CR.
        case equalsCR
        /// Behind `=` and one hexadecimal digit.
        case digit(UInt8)
    }

    /// Of blanks in a row that many are held back at most; RFC 5321 has no longer lines. So a line of blanks without end
    /// takes no memory; blanks of such a line that came before are not dropped.
    static let blankLimit = 1000

    private var place = Place.text
    /// Blanks of which it is not known what follows.
    private var blanks: [UInt8] = []

    mutating func decode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        output.reserveCapacity(forMore: bytes.count + blanks.count + 4)
        var offset = 0
        while offset < bytes.count {
            if case .text = place, blanks.isEmpty {
                offset = text(bytes, from: offset, into: &output)
            } else if step(bytes[offset], into: &output) {
                offset += 1
            }
        }
    }

    mutating func finish(into output: inout [UInt8]) {
        switch place {
        case .text, .equals, .equalsCR: break
        case .textCR: flush(&output, with: 0x0D)
        case .digit(let digit): output += [0x3D, digit]
        }
        blanks.removeAll(keepingCapacity: true)
        place = .text
    }

    /// One byte in any place but the beginning of plain text.
    /// - Returns: false if the byte is to be looked at again, because what was held back came to nothing.
    private mutating func step(_ octet: UInt8, into output: inout [UInt8]) -> Bool {
        switch place {
        case .text: return afterBlanks(octet, into: &output)
        case .textCR: return afterBlanksCR(octet, into: &output)
        case .equals: return afterEquals(octet, into: &output)
        case .equalsCR: return afterEqualsCR(octet, into: &output)
        case .digit(let digit): return afterDigit(digit, octet, into: &output)
        }
    }

    private mutating func afterBlanks(_ octet: UInt8, into output: inout [UInt8]) -> Bool {
        switch octet {
        case 0x20, 0x09: hold(octet, into: &output)
        case 0x0D: place = .textCR
        case 0x0A:
            blanks.removeAll(keepingCapacity: true)
            output.append(octet)
        default:
            flush(&output)
            return false
        }
        return true
    }

    private mutating func afterBlanksCR(_ octet: UInt8, into output: inout [UInt8]) -> Bool {
        place = .text
        guard octet == 0x0A else {
            flush(&output, with: 0x0D)
            return false
        }
        blanks.removeAll(keepingCapacity: true)
        output += lineEnd
        return true
    }

    private mutating func afterEquals(_ octet: UInt8, into output: inout [UInt8]) -> Bool {
        if isBlank(octet) {
            hold(octet, into: &output)
        } else if octet == 0x0A {
            endSoftBreak()
        } else if octet == 0x0D {
            place = .equalsCR
        } else if blanks.isEmpty, hexValue(octet) != nil {
            place = .digit(octet)
        } else {
            output.append(0x3D)
            flush(&output)
            place = .text
            return false
        }
        return true
    }

    private mutating func afterEqualsCR(_ octet: UInt8, into output: inout [UInt8]) -> Bool {
        if octet == 0x0A {
            endSoftBreak()
            return true
        }
        output.append(0x3D)
        flush(&output, with: 0x0D)
        place = .text
        return false
    }

    private mutating func afterDigit(_ digit: UInt8, _ octet: UInt8, into output: inout [UInt8]) -> Bool {
        place = .text
        guard let low = hexValue(octet), let high = hexValue(digit) else {
            output += [0x3D, digit]
            return false
        }
        output.append(high &<< 4 | low)
        return true
    }

    private mutating func endSoftBreak() {
        blanks.removeAll(keepingCapacity: true)
        place = .text
    }

    private mutating func hold(_ blank: UInt8, into output: inout [UInt8]) {
        blanks.append(blank)
        guard blanks.count >= Self.blankLimit else { return }
        if case .equals = place { output.append(0x3D) }
        flush(&output)
        place = .text
    }

    /// What was held back is text after all.
    private mutating func flush(_ output: inout [UInt8], with octet: UInt8? = nil) {
        output += blanks
        if let octet { output.append(octet) }
        blanks.removeAll(keepingCapacity: true)
    }
}

extension QuotedPrintableDecoder {
    /// The hot loop: what stands before the next `=` passes in runs of whole lines, then the escapes that follow.
    /// - Returns: Where to go on: the end, or a byte that needs a closer look.
    private mutating func text(_ bytes: UnsafeRawBufferPointer, from start: Int, into output: inout [UInt8]) -> Int {
        var offset = start
        while offset < bytes.count {
            let equals = bytes.first(0x3D, in: offset..<bytes.count)
            let end = equals ?? bytes.count
            lines(bytes, offset..<end, into: &output)
            guard let equals else {
                offset = end - Self.withheld(bytes, offset..<end)
                blanks.append(contentsOf: bytes.slice(offset..<end).prefix { $0 != 0x0D })
                if offset < end, bytes[end - 1] == 0x0D { place = .textCR }
                return end
            }
            offset = Self.escapes(bytes, from: equals, into: &output)
            if offset < bytes.count, bytes[offset] == 0x3D {
                // A soft break in one piece is the usual case.
                guard offset + 2 < bytes.count, bytes[offset + 1] == 0x0D, bytes[offset + 2] == 0x0A else {
                    place = .equals
                    return offset + 1
                }
                offset += 3
            }
        }
        return offset
    }

    /// Appends text without `=`. Behind `range` comes `=` or the end of the bytes; in the latter case blanks at the end,
    /// and a CR behind them, are left out.
    private func lines(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, into output: inout [UInt8]) {
        var runStart = range.lowerBound
        var next = range.lowerBound
        while let lineFeed = bytes.first(0x0A, in: next..<range.upperBound) {
            next = lineFeed + 1
            let hasCR = lineFeed > runStart && bytes[lineFeed - 1] == 0x0D
            let textEnd = hasCR ? lineFeed - 1 : lineFeed
            let blanks = Self.dropped(bytes, runStart..<textEnd)
            if blanks > 0 {
                output.append(contentsOf: bytes.slice(runStart..<(textEnd - blanks)))
                runStart = textEnd
            }
        }
        let rest = runStart..<range.upperBound
        let withheld = range.upperBound == bytes.count ? Self.withheld(bytes, rest) : 0
        output.append(contentsOf: bytes.slice(rest.lowerBound..<(rest.upperBound - withheld)))
    }

    /// How many blanks at the end of `range` are dropped if a line end follows.
    private static func dropped(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int {
        var start = range.upperBound
        while start > range.lowerBound, isBlank(bytes[start - 1]) { start -= 1 }
        return (range.upperBound - start) % blankLimit
    }

    /// How many bytes at the end of `range` are held back: blanks, and a CR behind blanks.
    private static func withheld(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int {
        guard let last = range.last else { return 0 }
        let hasCR = bytes[last] == 0x0D
        let blanks = dropped(bytes, range.lowerBound..<(hasCR ? last : range.upperBound))
        return blanks > 0 && hasCR ? blanks + 1 : blanks
    }

    /// Appends the bytes that `=XX` stand for, as many as there are in a row.
    /// - Returns: The offset behind them.
    private static func escapes(_ bytes: UnsafeRawBufferPointer, from start: Int, into output: inout [UInt8]) -> Int {
        var offset = start
        while offset + 2 < bytes.count, bytes[offset] == 0x3D,
            let high = hexValue(bytes[offset + 1]), let low = hexValue(bytes[offset + 2])
        {
            output.append(high &<< 4 | low)
            offset += 3
        }
        return offset
    }
}
