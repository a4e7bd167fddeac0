// The header of a report.

import SMTPSyntax

extension DeliveryReport {
    /// Fields that only the report itself may write.
    private static let reserved = [
        "references", "auto-submitted", "mime-version", "bcc", "cc", "resent-to", "resent-cc", "resent-bcc",
        "return-path",
    ]
    /// So that a line stays below 998 bytes (RFC 5322 section 2.1.1).
    private static let longestValue = 800

    /// With the empty line behind it.
    func head(_ boundary: String, is8Bit: Bool) -> [UInt8] {
        var head: [UInt8] = []
        var hasTo = false
        for (name, value) in fields {
            let lower = name.lowercased()
            guard !lower.hasPrefix("content-"), !Self.reserved.contains(lower) else { continue }
            guard lower == "to" else {
                _ = FieldComposer.append(name, value.shortened(to: Self.longestValue), to: &head)
                continue
            }
            if !hasTo { appendTo(&head) }
            hasTo = true
        }
        if !hasTo { appendTo(&head) }
        if let references = Self.identifier(references) { head += "References: \(references)\r\n".utf8 }
        // RFC 3834 section 5.
        head += "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n".utf8
        // RFC 6522 section 3: the subtype of the second part.
        let type = needsGlobalStatus ? "global-delivery-status" : "delivery-status"
        head += "Content-Type: multipart/report; report-type=\(type);\r\n\tboundary=\"\(boundary)\"\r\n".utf8
        if is8Bit { head += "Content-Transfer-Encoding: 8bit\r\n".utf8 }
        return head + lineEnd
    }

    /// Whoever the template names: the report goes to the sender. An address that is not ASCII stands there as it is
    /// (RFC 6532); an encoded word would be none.
    private func appendTo(_ head: inout [UInt8]) {
        let address = to.user.isASCII ? "\(to.user)@\(to.host)" : to.address
        let clean = (to.host.isEmpty ? to.user : address).utf8.filter { $0 >= 0x20 && $0 != 0x7F }
        head += "To: ".utf8
        head += clean.prefix(Self.longestValue)
        head += lineEnd
    }

    /// `<...>` without anything that could end it (RFC 5322 section 3.6.4).
    static func identifier(_ text: String) -> String? {
        let bytes = text.utf8
        guard (3...Self.longestValue).contains(bytes.count), bytes.first == 0x3C, bytes.last == 0x3E else { return nil }
        let inside = bytes.dropFirst().dropLast()
        return inside.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3C && $0 != 0x3E } ? text : nil
    }
}
