// Where a message seems to come from: its program, its list, its author.
import HarakaPluginKit

/// Fields in which programs name themselves, and fields that only one of them writes.
func userAgent(_ mail: Mail) -> [Finding] {
    for name in ["User-Agent", "X-Mailer", "X-MUA", "X-Newsreader"] {
        if let agent = mail.first(name), !agent.isEmpty { return [.pass("UA(\(short(agent)))")] }
    }
    let hints = [
        ("X-MS-Has-Attach", "Outlook"), ("X-MS-TNEF-Correlator", "Outlook"), ("X-Yahoo-Newman-Property", "Yahoo"),
        ("X-Gm-Message-State", "Gmail"), ("X-Google-Smtp-Source", "Gmail"),
        ("X-Apple-Mail-Remote-Attachments", "Apple"),
    ]
    for (name, agent) in hints where !mail.fields(name).isEmpty { return [.pass("UA(\(agent))")] }
    let identifier = (mail.first("Message-Id") ?? "").asciiLowercased
    for (sign, agent) in [("@mail.gmail.com>", "Gmail"), ("<alpine.", "Alpine"), ("<pine.", "Pine")]
    where holds(identifier, sign) {
        return [.pass("UA(\(agent))")]
    }
    return [.fail("UA")]
}

/// What list managers leave in a header: RFC 2919's List-Id, and what the common ones wrote before it.
func mailingList(_ mail: Mail) -> Finding {
    let marks = [
        ("X-Mailman-Version", "", "mailman"), ("Mailing-List", "ezmlm", "ezmlm"),
        ("Mailing-List", "yahoogroups", "yahoogroups"), ("X-Majordomo-Version", "", "majordomo"),
        ("X-Google-Group-Id", "", "googlegroups"), ("List-Software", "sympa", "sympa"), ("X-Sympa-To", "", "sympa"),
        ("X-ListServer", "", "listserv"), ("Sender", "-bounces@", "mailman"), ("Sender", "owner-", "majordomo"),
        ("List-Id", "", "list-id"),
    ]
    for (name, sign, manager) in marks {
        guard let value = mail.first(name) else { continue }
        if sign.isEmpty || holds(value.asciiLowercased, sign) { return .pass("MLM(\(manager))") }
    }
    return Finding(kind: .msg, text: "not MLM")
}

/// Whether author and envelope sender are the same, or of one domain.
func fromMatch(_ mail: Mail) -> Finding {
    guard let sender = mail.sender, !sender.address.isEmpty else {
        return Finding(kind: .skip, text: "from_match(null sender)")
    }
    guard let field = mail.first("From") else { return .fail("from_match(missing)") }
    guard let author = mailbox(field) else { return .fail("from_match(unparsable)") }
    if author.address.asciiLowercased == sender.address.asciiLowercased { return .pass("from_match") }
    let (from, envelope) = (author.domain.asciiLowercased, sender.host.asciiLowercased)
    if isWithin(from, envelope) || isWithin(envelope, from) { return .pass("from_match(domain)") }
    if let domain = mail.organizational(from), domain == mail.organizational(envelope) {
        return .pass("from_match(domain)")
    }
    return .fail("from_match(\(short(envelope)) / \(short(from)))")
}

/// A well-known name in the From field, without anything that vouches for its domain.
func fromPhish(_ mail: Mail, _ settings: Settings) -> [Finding] {
    guard let from = mail.decoded("From").first else { return [] }
    let shown = from.asciiLowercased
    for target in settings.targets where holdsWord(shown, target.name) || holdsWord(shown, target.domain) {
        let domains = mail.vouchers + (mail.sender.map { [$0.host] } ?? [])
        if domains.contains(where: { isWithin($0.asciiLowercased, target.domain) }) {
            return [.pass("from_phish(\(target.domain))")]
        }
        return [.fail("from_phish(\(target.domain))", "Phishing message appears to impersonate \(target.domain)")]
    }
    return [.pass("from_phish")]
}

/// For the results: no control characters, not long.
private func short(_ text: String) -> String {
    var kept: [UInt8] = []
    for byte in text.utf8.prefix(80) { kept.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte) }
    return String(decoding: kept, as: UTF8.self)
}
