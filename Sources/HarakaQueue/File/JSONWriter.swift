// JSON for the head of a queue's file, laid out as Haraka's: a member on each line, indented by tabs.

import HarakaCore
import SMTPSyntax

/// Appends JSON (RFC 8259) to bytes. What is open at the end is closed by whoever opened it.
struct JSONWriter {
    /// Containers in containers beyond this are written as null: the reader must be able to walk back out.
    static let maximumDepth = 200

    private(set) var bytes: [UInt8] = []
    private var depth = 0
    /// Nothing stands in the innermost container yet.
    private var isFirst = true

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func raw(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func verbatim(_ octets: [UInt8]) { bytes.append(contentsOf: octets) }

    // MARK: - Containers

    mutating func object(_ members: (inout JSONWriter) -> Void) { container(0x7B, 0x7D, members) }

    mutating func list(_ items: (inout JSONWriter) -> Void) { container(0x5B, 0x5D, items) }

    private mutating func container(_ open: UInt8, _ close: UInt8, _ inside: (inout JSONWriter) -> Void) {
        bytes.append(open)
        depth += 1
        isFirst = true
        inside(&self)
        depth -= 1
        if !isFirst { newLine() }
        isFirst = false
        bytes.append(close)
    }

    /// There is room for a value that holds others.
    var canNest: Bool { depth < JSONWriter.maximumDepth }

    /// Begins an item of a list.
    mutating func item() {
        if !isFirst { bytes.append(0x2C) }
        isFirst = false
        newLine()
    }

    /// Begins a member of an object.
    mutating func key(_ name: String) {
        item()
        string(name)
        bytes.append(0x3A)
        bytes.append(0x20)
    }

    private mutating func newLine() {
        bytes.append(0x0A)
        for _ in 0..<depth { bytes.append(0x09) }
    }

    // MARK: - Single values

    mutating func string(_ text: String) {
        bytes.append(0x22)
        var text = text
        text.withUTF8 { utf8 in
            var start = 0
            for place in utf8.indices where utf8[place] < 0x20 || utf8[place] == 0x22 || utf8[place] == 0x5C {
                bytes.append(contentsOf: utf8[start..<place])
                escape(utf8[place])
                start = place + 1
            }
            bytes.append(contentsOf: utf8[start...])
        }
        bytes.append(0x22)
    }

    private mutating func escape(_ octet: UInt8) {
        bytes.append(0x5C)
        switch octet {
        case 0x22, 0x5C: bytes.append(octet)
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            raw("u00")
            bytes.append(HexWord.digits[Int(octet >> 4)])
            bytes.append(HexWord.digits[Int(octet & 0xF)])
        }
    }

    mutating func integer(_ number: Int64) {
        if number < 0 { bytes.append(0x2D) }
        var digits: [UInt8] = []
        var rest = number.magnitude
        repeat {
            digits.append(0x30 + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes.append(contentsOf: digits.reversed())
    }

    mutating func boolean(_ flag: Bool) { flag ? raw("true") : raw("false") }

    /// As many digits as it takes to read the same number again. Always with a point or an exponent, which tells it from
    /// an integer.
    mutating func finite(_ number: Double) { bytes.append(contentsOf: number.description.utf8) }
}
