// The parts of a report, their encodings, and the boundaries between them.

import SMTPSyntax

/// A part: its header without the empty line, and its content.
struct ReportPart {
    var header: [UInt8]
    var content: [UInt8]
    /// Of a multipart, instead of `content`.
    private var children: [ReportPart] = []
    private var subtype = ""
    private(set) var is8Bit = false

    init(_ type: String, _ content: [UInt8], description: String = "", encoding: String = "") {
        self.content = content
        is8Bit = encoding.isEmpty && content.contains { $0 > 0x7F }
        let encoding = is8Bit ? "8bit" : encoding
        header = Array("Content-Type: \(type)\r\n".utf8)
        if !description.isEmpty { header += "Content-Description: \(description)\r\n".utf8 }
        if !encoding.isEmpty { header += "Content-Transfer-Encoding: \(encoding)\r\n".utf8 }
    }

    /// A text for people: as it is if it is ASCII in lines that anybody can read, else UTF-8 in quoted-printable.
    init(text: String, type: String) {
        let lines = LineEndRepair.repaired(text)
        let clean = lines.utf8.map { byte in byte < 0x20 && !isWhiteSpace(byte) || byte == 0x7F ? 0x3F : byte }
        if clean.allSatisfy({ $0 < 0x80 }), ReportPart.longestLine(clean) <= 200 {
            self.init("\(type); charset=us-ascii", clean)
        } else {
            self.init("\(type); charset=utf-8", ReportPart.quoted(clean), encoding: "quoted-printable")
        }
    }

    /// A multipart.
    init(_ subtype: String, of children: [ReportPart]) {
        (header, content) = ([], [])
        self.subtype = subtype
        self.children = children
        is8Bit = children.contains(where: \.is8Bit)
    }

    /// Something with a header of its own, such as a template's image; nil: it cannot stand in a message.
    init?(raw text: String) {
        let bytes = Array(LineEndRepair.repaired(text).utf8)
        let end = bytes.withUnsafeBytes { HeaderBlock.end(of: $0) }
        guard let end, end > 4, bytes.allSatisfy({ $0 < 0x80 && $0 != 0 }), ReportPart.longestLine(bytes) <= 998 else {
            return nil
        }
        header = Array(bytes[..<(end - 2)])
        content = Array(bytes[end...])
        guard bytes[(end - 4)..<end].elementsEqual([0x0D, 0x0A, 0x0D, 0x0A]) else { return nil }
    }

    static func quoted(_ bytes: [UInt8]) -> [UInt8] {
        var (encoder, output) = (QuotedPrintableEncoder(), [UInt8]())
        bytes.withUnsafeBytes { encoder.encode($0, into: &output) }
        encoder.finish(into: &output)
        return output
    }

    /// In bytes, without the line end.
    static func longestLine(_ bytes: [UInt8]) -> Int {
        bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { $0.last == 0x0D ? $0.count - 1 : $0.count }
            .max() ?? 0
    }

    /// Nothing but lines that end in CR LF, of at most 998 bytes, without NUL (RFC 5322 sections 2.1.1, 2.3).
    static func isProper(_ bytes: [UInt8]) -> Bool {
        var column = 0
        var hasCR = false
        for byte in bytes {
            if byte == 0 || hasCR != (byte == 0x0A) { return false }
            hasCR = byte == 0x0D
            column = byte == 0x0A ? 0 : column + 1
            // The CR is counted.
            if column > 999 { return false }
        }
        return !hasCR
    }
}

extension ReportPart {
    /// A text that occurs in no part.
    static func boundary(_ unique: String, absentIn parts: [ReportPart]) -> String {
        let word = unique.utf8.filter { ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == 0x2D }.prefix(40)
        var number = 0
        while true {
            // Base64 and quoted-printable cannot hold `=_` (RFC 2045 section 6.7).
            let boundary = "=_report_\(String(decoding: word, as: UTF8.self))_\(number)"
            if !parts.contains(where: { $0.holds(Array(boundary.utf8)) }) { return boundary }
            number += 1
        }
    }

    private func holds(_ word: [UInt8]) -> Bool {
        if children.contains(where: { $0.holds(word) }) { return true }
        return ReportPart.holds(header, word) || ReportPart.holds(content, word)
    }

    private static func holds(_ bytes: [UInt8], _ word: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var offset = 0
            while let found = bytes.first(word[0], in: offset..<bytes.count) {
                if bytes[found...].starts(with: word) { return true }
                offset = found + 1
            }
            return false
        }
    }

    /// Multiparts get their headers and contents; a multipart inside has a longer boundary than the one around it.
    mutating func fillIn(_ boundary: String) {
        guard !subtype.isEmpty else { return }
        let inner = boundary + "_" + subtype
        for index in children.indices { children[index].fillIn(inner) }
        header = Array("Content-Type: multipart/\(subtype);\r\n\tboundary=\"\(inner)\"\r\n".utf8)
        content = []
        ReportPart.write(children, boundary: inner, to: &content)
    }

    static func write(_ parts: [ReportPart], boundary: String, to bytes: inout [UInt8]) {
        for part in parts {
            bytes += "\r\n--\(boundary)\r\n".utf8
            bytes += part.header
            bytes += lineEnd
            bytes += part.content
        }
        bytes += "\r\n--\(boundary)--\r\n".utf8
    }
}

extension DeliveryReport {
    /// For people: the text, with HTML as an alternative, with an image related to it.
    func textPart() -> ReportPart {
        let plain = ReportPart(text: text, type: "text/plain")
        if html.isEmpty { return plain }
        let both = ReportPart("alternative", of: [plain, ReportPart(text: html, type: "text/html")])
        guard !image.isEmpty, let image = ReportPart(raw: image) else { return both }
        return ReportPart("related", of: [both, image])
    }

    /// What comes back.
    func originalPart() -> ReportPart {
        let isFailure = recipients.contains { $0.action == .failed }
        let what = isFailure ? "Undelivered Message" : "Message"
        switch original {
        case .message(let bytes) where ReportPart.isProper(bytes):
            return ReportPart(isOriginalUTF8 ? "message/global" : "message/rfc822", bytes, description: what)
        case .message(let bytes), .header(let bytes):
            return headerPart(DeliveryReport.header(bytes), description: what + " Headers")
        }
    }

    /// text/rfc822-headers must be 7-bit, and may be encoded for it (RFC 6522 section 4); a header of UTF-8 has a type
    /// of its own (RFC 6533 section 5).
    private func headerPart(_ header: [UInt8], description: String) -> ReportPart {
        let isASCII = header.allSatisfy { $0 < 0x80 }
        guard ReportPart.isProper(header), isASCII || isOriginalUTF8 else {
            let quoted = ReportPart.quoted(header)
            return ReportPart("text/rfc822-headers", quoted, description: description, encoding: "quoted-printable")
        }
        return ReportPart(
            isASCII ? "text/rfc822-headers" : "message/global-headers", header, description: description)
    }

    /// Up to the empty line, without it.
    private static func header(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { raw in
            var scanner = HeaderScanner()
            guard let end = scanner.scan(raw) else { return bytes }
            return Array(bytes[..<end.headerEnd])
        }
    }
}
