// The texts of reports, and how their placeholders are filled. docs/outbound.md "Reports".

/// What a report is written from: header fields and a text, and if wanted HTML and an image.
public struct ReportTemplate: Sendable, Equatable {
    struct Field: Sendable, Equatable {
        var name: String
        var value: String
    }

    let fields: [Field]
    let body: String
    let html: String
    let image: String

    /// - Parameters:
    ///   - text: Header fields up to the empty line, then the text. Line ends of any kind.
    ///   - html: Empty: none.
    ///   - image: A part with its own header, as Haraka's `outbound.bounce_message_image`; empty: none.
    public init(_ text: String, html: String = "", image: String = "") {
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        let head = lines.prefix { !$0.isEmpty }
        fields = ReportTemplate.fields(head)
        body = lines.dropFirst(head.count + 1).joined(separator: "\n")
        (self.html, self.image) = (html, image)
    }

    /// Lines that are no field, and do not continue one, are left out.
    private static func fields(_ lines: ArraySlice<Substring>) -> [Field] {
        var fields: [Field] = []
        for line in lines {
            if line.hasPrefix(" ") || line.hasPrefix("\t"), !fields.isEmpty {
                fields[fields.count - 1].value += " " + line.drop { $0 == " " || $0 == "\t" }
            } else if let colon = line.firstIndex(of: ":"), colon > line.startIndex {
                let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
                fields.append(Field(name: String(line[..<colon]), value: String(value)))
            }
        }
        return fields
    }
}

/// The templates of all reports.
public struct BounceTemplates: Sendable, Equatable {
    /// The message will not arrive.
    public var failed = BounceTemplates.usualFailed
    /// It is late.
    public var delayed = BounceTemplates.usualDelayed
    /// It has arrived (RFC 3461 NOTIFY=SUCCESS).
    public var delivered = BounceTemplates.usualDelivered
    /// It has gone to a server that does not report.
    public var relayed = BounceTemplates.usualRelayed

    /// The built-in ones.
    public static let usual = BounceTemplates()

    public init() {}

    /// With Haraka's files for failures.
    /// - Parameters:
    ///   - message: `outbound.bounce_message`; empty: the built-in text.
    ///   - html: `outbound.bounce_message_html`; empty: none, or the built-in one if the text is built in, too.
    ///   - image: `outbound.bounce_message_image`.
    public init(message: String, html: String, image: String) {
        let isUsual = message.isEmpty && html.isEmpty
        failed = ReportTemplate(
            message.isEmpty ? BounceTemplates.failedText : message,
            html: isUsual ? BounceTemplates.usualFailed.html : html, image: image)
    }
}

/// Fills `{name}` in. What a value holds is not looked at again, so that no value can be a placeholder.
enum Placeholders {
    /// - Parameter value: Nil or empty: `?` takes the place, as in Haraka.
    static func fill(_ text: String, _ value: (String) -> String?) -> String {
        var filled: [UInt8] = []
        var rest = text.utf8[...]
        while let open = rest.firstIndex(of: UInt8(ascii: "{")) {
            filled += rest[..<open]
            let name = rest[rest.index(after: open)...].prefix(while: isWord)
            guard !name.isEmpty, name.endIndex < rest.endIndex, rest[name.endIndex] == UInt8(ascii: "}") else {
                filled.append(UInt8(ascii: "{"))
                rest = rest[rest.index(after: open)...]
                continue
            }
            let found = value(String(decoding: name, as: UTF8.self)) ?? ""
            filled += found.isEmpty ? "?".utf8 : found.utf8
            rest = rest[rest.index(after: name.endIndex)...]
        }
        filled += rest
        return String(decoding: filled, as: UTF8.self)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == UInt8(ascii: "_")
    }

    /// What has a meaning in HTML, in text and in quoted attributes.
    static func escapedHTML(_ text: String) -> String {
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): escaped += "&amp;".utf8
            case UInt8(ascii: "<"): escaped += "&lt;".utf8
            case UInt8(ascii: ">"): escaped += "&gt;".utf8
            case UInt8(ascii: "\""): escaped += "&quot;".utf8
            case UInt8(ascii: "'"): escaped += "&#39;".utf8
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }

    /// For a header field: one line, and nothing that a reader would decode (RFC 2047), which could hold anything.
    static func oneLine(_ text: String) -> String {
        var line: [UInt8] = []
        for byte in text.utf8 {
            if byte == UInt8(ascii: "?"), line.last == UInt8(ascii: "=") { line.append(0x20) }
            line.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte)
        }
        return String(decoding: line, as: UTF8.self)
    }
}
