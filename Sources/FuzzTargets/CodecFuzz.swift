// Entry points for a fuzzer: transfer encodings, charsets, encoded words, forms of a message, and bodies that are rewritten.

import MailMessage

/// What comes out of everything that takes bytes in pieces does not depend on the pieces; what was encoded is decoded to
/// the same; texts are valid UTF-8.
/// - Parameter bytes: Two bytes that choose, then the content.
public func fuzzCodec(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 2 else { return }
    let choice = Int(bytes[0])
    let step = Int(bytes[1] % 7) + 1
    let content = Array(bytes[2...])
    checkTransfer(content, ["base64", "quoted-printable", "8bit"][choice % 3], step)
    checkCharset(content, charsets[choice % charsets.count], step)
    checkForms(content, choice, step)
    checkHeader(content)
    checkRewriter(content, choice, step)
}

private let charsets = [
    "utf-8", "", "iso-8859-1", "koi8-r", "euc-kr", "gb18030", "shift_jis", "iso-2022-jp", "big5", "utf-16", "utf-7",
    "euc-jp",
]

/// One thing that takes bytes in pieces and appends what it makes of them.
private struct Machine {
    var take: (UnsafeRawBufferPointer, inout [UInt8]) -> Void
    var finish: (inout [UInt8]) -> Void

    func run(_ content: [UInt8], _ step: Int) -> [UInt8] {
        var output: [UInt8] = []
        content.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: step) {
                let piece = bytes[start..<min(start + step, bytes.count)]
                take(UnsafeRawBufferPointer(rebasing: piece), &output)
            }
        }
        finish(&output)
        return output
    }
}

/// The result, after it was the same in pieces.
private func checked(_ content: [UInt8], _ step: Int, _ make: () -> Machine) -> [UInt8] {
    let whole = make().run(content, max(content.count, 1))
    precondition(make().run(content, step) == whole, "the result depends on how the bytes arrive")
    return whole
}

private func checkTransfer(_ content: [UInt8], _ encoding: String, _ step: Int) {
    let decode = {
        var decoder = TransferDecoder(encoding: encoding)
        return Machine(take: { decoder.decode($0, into: &$1) }, finish: { decoder.finish(into: &$0) })
    }
    let decoded = checked(content, step, decode)
    precondition(decoded.count <= content.count, "more than there was")
    let encoded = checked(content, step) {
        var encoder = TransferEncoder(encoding: encoding)
        return Machine(take: { encoder.encode($0, into: &$1) }, finish: { encoder.finish(into: &$0) })
    }
    precondition(checked(encoded, step, decode) == content, "not the same after encoding and decoding")
    guard encoding != "8bit" else { return }
    for line in encoded.split(separator: 0x0A) {
        precondition(line.count <= 77 && line.allSatisfy { $0 < 0x7F }, "a line that mail cannot carry")
    }
}

private func checkCharset(_ content: [UInt8], _ charset: String, _ step: Int) {
    guard CharsetDecoder(charset: charset) != nil else { return }
    let text = checked(content, step) {
        let decoder = CharsetDecoder(guessing: charset)
        return Machine(take: { decoder.decode($0, into: &$1) }, finish: { decoder.finish(into: &$0) })
    }
    precondition(String(validating: text, as: UTF8.self) != nil, "no UTF-8")
    let name = String(decoding: content.prefix(40), as: UTF8.self)
    content.withUnsafeBytes { _ = Charset.text($0, charset: name) }
    let encoded = Charset.encode(String(decoding: content, as: UTF8.self), charset: charset)
    precondition(charset != "utf-8" || encoded?.isLossy == false, "UTF-8 has every character")
}

private func checkForms(_ content: [UInt8], _ choice: Int, _ step: Int) {
    let options = StreamForm.Options(rawValue: UInt32(choice & 31))
    let read = checked(content, step) {
        var form = StreamForm(options: options, chunkSize: 5)
        return Machine(take: { form.transform($0, into: &$1) }, finish: { form.finish(into: &$0) })
    }
    precondition(!options.isEmpty || read == content, "changed without an option")
    let limit = choice % 20
    let folded = checked(content, step) {
        var folder = LineFolder(limit: limit)
        return Machine(
            take: { bytes, output in folder.fold(bytes) { output.append(contentsOf: $0) } },
            finish: { output in folder.finish { output.append(contentsOf: $0) } })
    }
    for line in folded.split(separator: 0x0A) {
        precondition((line.last == 0x0D ? line.count - 1 : line.count) <= max(limit, 2), "a line that is too long")
    }
}

/// A header of anything can be shown.
private func checkHeader(_ content: [UInt8]) {
    _ = EncodedWords.decode(content)
    let header = content.withUnsafeBytes { HeaderBlock(parsing: $0, maxLines: 5) }
    precondition(header.lines().count >= header.fields.count, "a field without a line")
    for name in ["Content-Type", "Content-Disposition", "Subject"] {
        precondition(header.decodedValues(name).count == header.count(name), "a field without a value")
    }
}

/// Without a wish a body passes; with a banner that any charset has, every part that gets it has it.
private func checkRewriter(_ content: [UInt8], _ choice: Int, _ step: Int) {
    var facts = PartFacts()
    facts.contentType = choice % 2 == 0 ? "multipart/mixed" : "text/html"
    facts.encoding = ["base64", "quoted-printable", "8bit"][choice % 3]
    facts.boundary = choice % 2 == 0 ? "b" : ""
    var banner: Banner?
    let make = {
        let rewriter = BodyRewriter(root: facts, limits: BodyLimits(), filters: [], banner: banner)
        return Machine(take: { rewriter.rewrite($0, into: &$1) }, finish: { rewriter.finish(into: &$0) })
    }
    precondition(checked(content, step, make) == content, "changed without a wish")
    banner = Banner(text: "qqq")
    let rewritten = checked(content, step, make)
    precondition(choice % 6 != 5 || rewritten.firstRange(of: "<P>qqq</P>".utf8) != nil, "the banner is missing")
}
