// MAIL and RCPT as this server understands them. RFC 5321 section 4.1.1, and the extensions' own.

import SMTPSyntax

/// The commands of one envelope for one server. Whatever an address holds, it is one command or none.
public struct ClientCommands: Sendable {
    private let offers: ClientCapabilities
    private let envelope: ClientEnvelope
    /// SMTPUTF8 is needed and offered: addresses go as they are. Else domains go as A-labels.
    public let usesUTF8: Bool

    public init(for envelope: ClientEnvelope, _ offers: ClientCapabilities) {
        self.offers = offers
        self.envelope = envelope
        usesUTF8 = offers.hasSMTPUTF8 && envelope.needsUTF8
    }

    /// The message is 8-bit and the server takes 7 bits.
    public var needsDowngrade: Bool { envelope.is8Bit && !offers.has8BitMIME }

    /// RFC 1870 section 6.3: what is known to be too big is not begun. nil: it is not.
    public var sizeRefusal: ClientFailure? {
        guard let limit = offers.sizeLimit, limit > 0, envelope.size > limit else { return nil }
        let text = "Message of \(envelope.size) bytes is bigger than the \(limit) that the server takes"
        return .own(.permanent, .mail, .init(class: 5, subject: 3, detail: 4), text)
    }

    /// `MAIL FROM:<a@b> SIZE=3`, with CR LF. Throws what the whole message fails for.
    public func mail() throws(ClientFailure) -> [UInt8] {
        let path = try path(envelope.from, .mail)
        var line = "MAIL FROM:\(path)"
        if offers.sizeLimit != nil, envelope.size > 0 { line += " SIZE=\(envelope.size)" }
        if envelope.is8Bit, offers.has8BitMIME { line += " BODY=8BITMIME" }
        if usesUTF8 { line += " SMTPUTF8" }
        if offers.hasDSN { line += notification }
        return Array(line.utf8) + [0x0D, 0x0A]
    }

    /// `RCPT TO:<a@b>`, with CR LF. Throws what this recipient fails for.
    /// - Parameter place: of the recipient in the envelope; RCPT for none that is there is the caller's mistake, and
    ///   fails.
    public func rcpt(_ place: Int) throws(ClientFailure) -> [UInt8] {
        guard envelope.recipients.indices.contains(place), !envelope.recipients[place].isNull else {
            throw .own(.permanent, .recipient, Self.badMailbox, "No recipient")
        }
        var line = "RCPT TO:\(try path(envelope.recipients[place], .recipient))"
        if offers.hasDSN, envelope.notifications.indices.contains(place) {
            line += envelope.notifications[place].parameters
        }
        return Array(line.utf8) + [0x0D, 0x0A]
    }

    private static let badMailbox = EnhancedStatus(class: 5, subject: 1, detail: 3)
    private static let badSender = EnhancedStatus(class: 5, subject: 1, detail: 7)

    /// The grammar leaves no control character in an address, and none in a host that could end a path; what was made
    /// some other way is looked at once more here, where it would become a command.
    private func path(_ address: Address, _ stage: ClientStage) throws(ClientFailure) -> String {
        let text = usesUTF8 ? address.formatted : address.formattedASCII
        let host = usesUTF8 ? address.originalHost : address.host
        let isClean =
            text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } && host.utf8.allSatisfy { Self.mayStandInHost($0) }
        guard isClean else {
            let status = stage == .mail ? Self.badSender : Self.badMailbox
            throw .own(.permanent, stage, status, "The address cannot be sent")
        }
        guard usesUTF8 || text.utf8.allSatisfy({ $0 < 0x80 }) else {
            let status = EnhancedStatus(class: 5, subject: 6, detail: 7)
            throw .own(.permanent, stage, status, "The address needs SMTPUTF8, which the server does not offer")
        }
        return text
    }

    /// Whatever could end a path, begin another word or hide the end of it from some parser is no part of a host.
    private static func mayStandInHost(_ octet: UInt8) -> Bool {
        switch octet {
        case 0...0x20, 0x7F, UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "@"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "("), UInt8(ascii: ")"):
            false
        default: true
        }
    }

    /// RET and ENVID (RFC 3461 sections 4.3 and 4.4); an ENVID of more than 100 characters is none.
    private var notification: String {
        var text = ""
        if let full = envelope.returnsFullMessage { text += full ? " RET=FULL" : " RET=HDRS" }
        let identity = Self.xtext(envelope.envelopeID)
        if !identity.isEmpty, identity.utf8.count <= 100 { text += " ENVID=\(identity)" }
        return text
    }

    /// RFC 3461 section 4: printable ASCII, and `+` with two digits for the rest.
    static func xtext(_ text: String) -> String {
        var out: [UInt8] = []
        for octet in text.utf8 {
            let isPlain = octet > 0x20 && octet < 0x7F && octet != 0x2B && octet != 0x3D
            if isPlain {
                out.append(octet)
            } else {
                out += Array("+\(octet < 16 ? "0" : "")\(String(octet, radix: 16, uppercase: true))".utf8)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// A host's name for EHLO: nothing that could be another argument.
    static func hello(_ name: String) -> String {
        let clean = name.utf8.filter { $0 > 0x20 && $0 < 0x7F && $0 != 0x3C && $0 != 0x3E }
        return clean.isEmpty ? "localhost" : String(decoding: clean, as: UTF8.self)
    }
}

extension ClientEnvelope {
    /// RFC 6531 section 3.4 in its wide reading: SMTPUTF8 makes things better for it.
    var needsUTF8: Bool { isUTF8 || from.isUTF8 || recipients.contains { $0.isUTF8 } }
}

extension ClientNotification {
    /// NOTIFY and ORCPT with a blank in front of each. An ORCPT that is none is left out.
    fileprivate var parameters: String {
        var text = ""
        if let notify {
            let words = [(Notify.success, "SUCCESS"), (.failure, "FAILURE"), (.delay, "DELAY")]
            let named = words.filter { notify.contains($0.0) }.map(\.1)
            text += " NOTIFY=" + (named.isEmpty ? "NEVER" : named.joined(separator: ","))
        }
        let octets = original.utf8
        let isXtext =
            octets.count <= 500 && octets.contains(0x3B) && octets.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3D }
        return isXtext ? text + " ORCPT=\(original)" : text
    }
}
