// Entry points for a fuzzer: command lines, addresses, replies and header blocks.

import MailMessage
import SMTPSyntax

/// Whatever a command line holds: no trap, what is accepted is well-formed, and errors can be sent.
/// - Parameter bytes: One line without its end.
public func fuzzCommand(_ bytes: UnsafeRawBufferPointer) {
    let line = CommandLine(bytes)
    precondition(line.is8Bit == bytes.contains { $0 > 127 }, "wrong about 8-bit")
    precondition(line.verb == nil || line.word.utf8.count == 4, "a verb that is not the word")
    for strict in [false, true] {
        checkPath { () throws(SyntaxError) in try PathParser.mail(line.argument, strict: strict) }
        checkPath { () throws(SyntaxError) in try PathParser.rcpt(line.argument, strict: strict) }
    }
    checkAddress(line.argument)
    let made = Address(user: line.word, host: line.argument)
    precondition(!made.formatted.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "control character in a path")
    checkReply(Reply(550, line.argument), prefix: line.word)
    checkReply(Reply(line.argument.utf8.count, lines: [line.word, line.argument, ""]), prefix: "")
    _ = EnhancedStatus(line.word)
}

private func checkPath(_ parse: () throws(SyntaxError) -> PathArgument) {
    do throws(SyntaxError) {
        let path = try parse()
        for parameter in path.parameters {
            precondition(!parameter.name.isEmpty && parameter.value != "", "empty parameter")
        }
        checkAddress(path.address)
    } catch {
        checkReply(Reply(501, lines: ["Command parsing failed", error.message]), prefix: "")
    }
}

/// An accepted address is accepted again in its formatted form, and means the same.
private func checkAddress(_ text: String) {
    let idna = { (domain: String) -> String? in "xn--" + String(domain.utf8.count, radix: 36) + ".test" }
    do throws(SyntaxError) {
        let address = try Address.parse(text, idna: idna)
        let again = try Address.parse(address.formatted, idna: idna)
        precondition(again.user == address.user && again.host == address.host, "formatting changed the address")
        precondition(!address.formatted.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "control character in a path")
        precondition(address.user.utf8.count <= 64 && address.host.utf8.count <= 255, "too long")
        precondition(address.host.utf8.allSatisfy { $0 < 0x80 && !(0x41...0x5A).contains($0) }, "host not folded")
    } catch {
        checkReply(Reply(501, error.message), prefix: "")
    }
}

/// One call, lines of at most 512 bytes, each `ddd-` or `ddd `, only the last with a blank.
private func checkReply(_ reply: Reply, prefix: String) {
    var calls: [[UInt8]] = []
    reply.encode(into: { calls.append(Array($0)) }, prefix: prefix)
    precondition(calls.count == 1, "not one call")
    let wire = calls[0]
    precondition(wire.suffix(2) == [0x0D, 0x0A], "no line end")
    let lines = wire.dropLast(2).split(separator: 0x0A, omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() {
        let isLast = number == lines.count - 1
        precondition(isLast || line.last == 0x0D, "bare LF")
        let text = isLast ? line : line.dropLast()
        precondition(text.count <= 510 && text.count >= 4, "length of a line")
        precondition(text.prefix(3).allSatisfy { (0x30...0x39).contains($0) }, "code")
        precondition(text[text.startIndex + 3] == (isLast ? 0x20 : 0x2D), "separator")
        precondition(text.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "control character")
        precondition(String(validating: text, as: UTF8.self) != nil, "a cut inside a character")
    }
}

/// A header leaves as it came, and nothing that is added can break out of its field.
/// - Parameter bytes: A message; its parts also serve as names and values.
public func fuzzHeader(_ bytes: UnsafeRawBufferPointer) {
    var scanner = HeaderScanner()
    var boundary: HeaderScanner.Boundary?
    for end in 0...bytes.count where boundary == nil {
        boundary = scanner.scan(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    }
    var fresh = HeaderScanner()
    precondition(fresh.scan(bytes) == boundary, "the boundary depends on how the bytes arrive")
    for maxLines in [0, 2, Int.max] { _ = checkedBlock(bytes, maxLines) }
    var block = checkedBlock(bytes, Int.max)
    let count = block.fields.count
    let texts = bytes.split(separator: 0x7C).map { String(decoding: $0, as: UTF8.self) } + ["", "a"]
    block.addLeading(texts[0], texts[1])
    block.addEnd(texts[1], texts[0])
    let again = HeaderBlock(written: block)
    precondition(again.fields.count == count + 2, "an added field is not one field")
    precondition(again.byteCount == block.byteCount, "the block holds a blank line")
    for field in block.fields { block.remove(field.name) }
    // A name that is no UTF-8 cannot be asked for.
    precondition(block.fields.allSatisfy { $0.name.unicodeScalars.contains("\u{FFFD}") }, "a field was not removed")
}

private func checkedBlock(_ bytes: UnsafeRawBufferPointer, _ maxLines: Int) -> HeaderBlock {
    let block = HeaderBlock(parsing: bytes, maxLines: maxLines)
    let wire = block.wire
    precondition(wire.count == block.byteCount, "wrong size")
    let common = min(wire.count, bytes.count)
    precondition(wire.prefix(common).elementsEqual(bytes.prefix(common)), "an untouched line changed")
    precondition(wire.count <= bytes.count + 2, "more than a line end was added")
    return block
}

extension HeaderBlock {
    fileprivate var wire: [UInt8] {
        var wire: [UInt8] = []
        write { wire += $0 }
        return wire
    }

    fileprivate init(written block: HeaderBlock) {
        self = block.wire.withUnsafeBytes { HeaderBlock(parsing: $0, maxLines: Int.max) }
    }
}
