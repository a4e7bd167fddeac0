// The text under every text part (Haraka's set_banner).

/// Puts a banner into text parts that are no attachment.
///
/// Without HTML of its own the text is shown in HTML as it is: `&` and `<` are escaped, which Haraka does not do.
final class BannerFilter: BodyFilter {
    private let text: String
    private let html: String

    /// Line ends of any kind become CR LF.
    init(_ banner: Banner) {
        text = LineEndRepair.repaired(banner.text)
        let html = LineEndRepair.repaired(banner.html)
        self.html = html.isEmpty ? text.shownInHTML : html
    }

    /// Nil: no text for this kind of part, or a charset whose bytes depend on how the text began.
    func begins(_ part: PartFacts) -> (any PartFilter)? {
        guard part.isText, !part.isAttachment, !Self.hasByteOrder(part.charset) else { return nil }
        let isHTML = part.contentType == "text/html"
        guard !(isHTML ? html : text).isEmpty else { return nil }
        let banner = isHTML ? "<P>" + html + "</P>" : "\r\n" + text + "\r\n"
        return BannerInPart(Self.encode(banner, for: part), isHTML: isHTML)
    }

    /// UTF-16, UTF-32 and their relatives, which RFC 2781 keeps out of text in mail.
    private static func hasByteOrder(_ charset: String) -> Bool {
        let name = charset.utf8.map(asciiLowercased)
        return name.starts(with: "utf-16".utf8) || name.starts(with: "utf16".utf8) || name.starts(with: "utf-32".utf8)
            || name.starts(with: "utf32".utf8) || name.starts(with: "ucs".utf8) || name.starts(with: "iso-10646".utf8)
            || name.starts(with: "unicode".utf8)
    }

    /// In the part's charset. The header of a part that says 7bit has gone out already: such a part gets no byte above
    /// 127.
    private static func encode(_ banner: String, for part: PartFacts) -> [UInt8] {
        let isHTML = part.contentType == "text/html"
        let replacement = { (scalar: Unicode.Scalar) in isHTML ? "&#\(scalar.value);" : "?" }
        let encoded = Charset.encode(banner, charset: part.charset, replacement: replacement)
        let isSafe = TransferCoding(part.encoding) != .identity || part.encoding == "8bit" || part.encoding == "binary"
        if let bytes = encoded?.bytes, isSafe || !bytes.contains(where: { $0 > 0x7F }) { return bytes }
        return Charset.encode(banner, charset: "us-ascii", replacement: replacement)?.bytes ?? []
    }
}

extension String {
    fileprivate var shownInHTML: String {
        let lines = split(separator: "\r\n", omittingEmptySubsequences: false)
        return lines.map { line in line.map(String.escaped).joined() }.joined(separator: "<br/>\r\n")
    }

    private static func escaped(_ character: Character) -> String {
        switch character {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        default: String(character)
        }
    }
}

/// The banner in one part: before `</body>` or `</html>`, whichever comes first, or at the end.
private final class BannerInPart: PartFilter {
    private static let tags = [Array("</body".utf8), Array("</html".utf8)]

    /// Nil: it has been written.
    private var banner: [UInt8]?
    private let isHTML: Bool
    /// The beginning of what may become one of the tags: at most seven bytes.
    private var held: [UInt8] = []

    init(_ banner: [UInt8], isHTML: Bool) {
        self.banner = banner
        self.isHTML = isHTML
    }

    func rewrite(_ bytes: UnsafeRawBufferPointer, isLast: Bool, into output: inout [UInt8]) {
        if isHTML, banner != nil, !bytes.isEmpty {
            search(bytes, into: &output)
        } else {
            output.append(contentsOf: bytes)
        }
        guard isLast else { return }
        output += held
        held = []
        write(&output)
    }

    func ended() {}

    private func write(_ output: inout [UInt8]) {
        if let banner { output += banner }
        banner = nil
    }

    private func search(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        guard !held.isEmpty else { return searchWhole(bytes, into: &output) }
        let joined = held + bytes
        held.removeAll(keepingCapacity: true)
        joined.withUnsafeBytes { searchWhole($0, into: &output) }
    }

    private func searchWhole(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        var next = 0
        while let angle = bytes.first(0x3C, in: next..<bytes.count) {
            switch Self.isTag(bytes.slice(angle..<bytes.count)) {
            case true?:
                output.append(contentsOf: bytes.slice(0..<angle))
                write(&output)
                output.append(contentsOf: bytes.slice(angle..<bytes.count))
                return
            case false?: next = angle + 1
            case nil:
                output.append(contentsOf: bytes.slice(0..<angle))
                held.append(contentsOf: bytes.slice(angle..<bytes.count))
                return
            }
        }
        output.append(contentsOf: bytes)
    }

    /// The bytes begin with one of the tags; nil: they end too early to know.
    private static func isTag(_ bytes: UnsafeRawBufferPointer) -> Bool? {
        let start = bytes.prefix(6).map(asciiLowercased)
        guard tags.contains(where: { $0.starts(with: start) }) else { return false }
        guard bytes.count > 6 else { return nil }
        return bytes[6] == 0x3E || isWhiteSpace(bytes[6])
    }
}
