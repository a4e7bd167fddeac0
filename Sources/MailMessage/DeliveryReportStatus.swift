// message/delivery-status (RFC 3464) and message/global-delivery-status (RFC 6533): what programs read.

import SMTPSyntax

extension DeliveryReport {
    /// Some recipient's local part is not ASCII; an international domain has its A-labels.
    var needsGlobalStatus: Bool { recipients.contains { !$0.address.user.isASCII } }

    func statusPart() -> ReportPart {
        var fields = StatusFields(isGlobal: needsGlobalStatus)
        if !envelopeID.isEmpty { fields.add("Original-Envelope-Id", envelopeID) }
        fields.add("Reporting-MTA", "dns; \(reportingServer)")
        if !arrivalDate.isEmpty { fields.add("Arrival-Date", arrivalDate) }
        for recipient in recipients { fields.add(recipient) }
        let type = fields.isGlobal ? "message/global-delivery-status" : "message/delivery-status"
        return ReportPart(type, fields.bytes, description: "Delivery report")
    }
}

/// Fields of a report, each on its own, whatever its value holds.
struct StatusFields {
    /// A longer value ends with three dots: a peer's words may have any length.
    private static let longestValue = 4000
    /// A longer line is folded.
    private static let longestLine = 900

    /// UTF-8 may stand in it.
    let isGlobal: Bool
    private(set) var bytes: [UInt8] = []

    init(isGlobal: Bool) { self.isGlobal = isGlobal }

    /// The group of one recipient (RFC 3464 section 2.3), behind an empty line.
    mutating func add(_ recipient: DeliveryReport.Recipient) {
        bytes += lineEnd
        if let original = StatusFields.original(recipient.original) { add("Original-Recipient", original) }
        add("Final-Recipient", final(recipient.address))
        add("Action", recipient.action.rawValue)
        add("Status", recipient.status.description)
        if !recipient.remote.isEmpty { add("Remote-MTA", "dns; \(recipient.remote)") }
        if let reply = recipient.reply {
            add("Diagnostic-Code", "smtp; \(StatusFields.diagnostic(reply))")
        } else if !recipient.reason.isEmpty {
            add("Diagnostic-Code", "X-Haraka; \(recipient.reason)")
        }
        if !recipient.lastAttempt.isEmpty { add("Last-Attempt-Date", recipient.lastAttempt) }
        if !recipient.willRetryUntil.isEmpty { add("Will-Retry-Until", recipient.willRetryUntil) }
    }

    /// Line ends become folds; other control characters `?`; what is not ASCII stays if it may, else it is written as
    /// RFC 6533 writes such characters in addresses, `\x{E4}`.
    mutating func add(_ name: StaticString, _ value: String) {
        bytes += UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        bytes.append(0x3A)
        let lines = value.shortened(to: StatusFields.longestValue).utf8.split { $0 == 0x0D || $0 == 0x0A }
        for line in lines {
            let clean = cleaned(String(decoding: line, as: UTF8.self))
            // A line of blanks would be the end of the fields for some readers.
            guard clean.contains(where: { $0 != 0x20 }) else { continue }
            if bytes.last != 0x3A { bytes += lineEnd }
            folded(clean)
        }
        bytes += lineEnd
    }

    private func cleaned(_ line: String) -> [UInt8] {
        var clean: [UInt8] = []
        for scalar in line.unicodeScalars {
            switch scalar.value {
            case 0x09: clean.append(0x20)
            case 0..<0x20, 0x7F..<0xA0: clean.append(0x3F)
            case 0x80... where !isGlobal: clean += "\\x{\(String(scalar.value, radix: 16, uppercase: true))}".utf8
            default: clean += scalar.utf8
            }
        }
        return clean
    }

    /// Behind a blank, cut where it gets too long, but not inside a character.
    private mutating func folded(_ line: [UInt8]) {
        var rest = line[...].drop { $0 == 0x20 }
        while rest.count > StatusFields.longestLine {
            var end = rest.startIndex + StatusFields.longestLine
            while rest[end] & 0xC0 == 0x80, end > rest.startIndex + 1 { end -= 1 }
            bytes.append(0x20)
            bytes += rest[..<end]
            rest = rest[end...].drop { $0 == 0x20 }
            // What is left of the line may be blanks only.
            if rest.isEmpty { return }
            bytes += lineEnd
        }
        bytes.append(0x20)
        bytes += rest
    }
}

extension StatusFields {
    /// The address as it was sent to (RFC 3464 section 2.3.2).
    private func final(_ address: Address) -> String {
        guard address.user.isASCII else { return "utf-8; \(address.address)" }
        return "rfc822; " + (address.host.isEmpty ? address.user : "\(address.user)@\(address.host)")
    }

    /// ORCPT without its xtext (RFC 3461 sections 4 and 4.2); nil: it is none. One of type utf-8 is encoded
    /// differently, and may stay so (RFC 6533 section 3).
    static func original(_ text: String) -> String? {
        guard let semicolon = text.utf8.firstIndex(of: UInt8(ascii: ";")) else { return nil }
        let type = text[..<semicolon]
        let rest = text[text.utf8.index(after: semicolon)...]
        let isType = type.utf8.allSatisfy { ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == 0x2D || $0 == 0x2E }
        guard !type.isEmpty, isType, !rest.isEmpty else { return nil }
        return type.lowercased() == "utf-8" ? "\(type); \(rest)" : "\(type); \(xtextDecoded(rest))"
    }

    /// RFC 3461 section 4: `+` and two hexadecimal digits.
    private static func xtextDecoded(_ text: Substring) -> String {
        var decoded: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2).compactMap(hexValue)
            guard byte == UInt8(ascii: "+"), digits.count == 2 else {
                decoded.append(byte)
                continue
            }
            decoded.append(digits[0] << 4 | digits[1])
            rest = rest.dropFirst(2)
        }
        return String(decoding: decoded, as: UTF8.self)
    }

    /// The code, the status if the lines do not begin with it, and the words.
    static func diagnostic(_ reply: Reply) -> String {
        let words = reply.lines.joined(separator: "\n")
        guard let status = reply.status, !words.hasPrefix(status.description) else { return "\(reply.code) \(words)" }
        return "\(reply.code) \(status) \(words)"
    }
}
