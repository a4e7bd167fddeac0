// The checks: what each looks at, and what it says.
import HarakaPluginKit

/// What is known about a message. Values only, so that every check can be tested without a server.
struct Mail {
    struct Sender {
        let address: String, host: String
    }

    /// The values of the fields of a name, as they stand, and decoded to UTF-8.
    let fields: (String) -> [String]
    let decoded: (String) -> [String]
    /// Of the envelope; its address is empty for `<>`.
    let sender: Sender?
    let recipients: [String]
    let isRelaying: Bool
    /// Seconds since 1970.
    let now: Int64
    /// Domains that SPF or DKIM vouch for.
    let vouchers: [String]
    /// What somebody has registered of a domain; nil: nobody can, or nobody knows.
    var organizational: (String) -> String? = { _ in nil }

    func first(_ name: String) -> String? { fields(name).first.map { trimmed($0) } }
}

/// What a check says.
struct Finding: Equatable {
    enum Kind: String {
        case pass, fail, msg, skip
    }

    let kind: Kind
    let text: String
    /// What the client is told if the check may refuse.
    var denial: String?
    var removesReturnPath = false

    static func pass(_ text: String) -> Finding { Finding(kind: .pass, text: text) }
    static func fail(_ text: String, _ denial: String? = nil) -> Finding {
        Finding(kind: .fail, text: text, denial: denial)
    }
}

struct Check {
    /// As in headers.ini.
    let name: String
    let flag: Checks
    let look: (Mail, Settings) -> [Finding]

    /// In Haraka's order.
    static var all: [Check] {
        [
            Check(name: "duplicate_singular", flag: .duplicateSingular, look: duplicateSingular),
            Check(name: "missing_required", flag: .missingRequired, look: missingRequired),
            Check(name: "invalid_return_path", flag: .invalidReturnPath) { mail, _ in returnPath(mail) },
            Check(name: "invalid_date", flag: .invalidDate, look: invalidDate),
            Check(name: "user_agent", flag: .userAgent) { mail, _ in userAgent(mail) },
            Check(name: "direct_to_mx", flag: .directToMX) { mail, _ in directToMX(mail) },
            Check(name: "from_match", flag: .fromMatch) { mail, _ in [fromMatch(mail)] },
            Check(name: "delivered_to", flag: .deliveredTo) { mail, _ in deliveredTo(mail) },
            Check(name: "mailing_list", flag: .mailingList) { mail, _ in [mailingList(mail)] },
            Check(name: "from_phish", flag: .fromPhish, look: fromPhish),
        ]
    }
}

private func duplicateSingular(_ mail: Mail, _ settings: Settings) -> [Finding] {
    let found = settings.singular.filter { mail.fields($0).count > 1 }
    if found.isEmpty { return [.pass("duplicate")] }
    return found.map { .fail("duplicate:\($0)", "Only one \($0) header allowed. See RFC 5322, Section 3.6") }
}

private func missingRequired(_ mail: Mail, _ settings: Settings) -> [Finding] {
    let missing = settings.required.filter { mail.fields($0).isEmpty }
    if missing.isEmpty { return [.pass("missing")] }
    return missing.map { .fail("missing:\($0)", "Required header '\($0)' missing") }
}

/// RFC 5321 section 4.4: the field is for the final delivery. What came in from outside is not believed.
private func returnPath(_ mail: Mail) -> [Finding] {
    if mail.fields("Return-Path").isEmpty { return [.pass("Return-Path")] }
    if mail.isRelaying {
        return [.fail("Return-Path", "outgoing mail must not have a Return-Path header (RFC 5321)")]
    }
    return [Finding(kind: .fail, text: "Return-Path", removesReturnPath: true)]
}

private func invalidDate(_ mail: Mail, _ settings: Settings) -> [Finding] {
    // One that is missing is another check's.
    guard let text = mail.first("Date") else { return [] }
    guard let date = seconds(ofDate: text) else { return [.fail("invalid_date(unreadable)")] }
    let day: Int64 = 86_400
    if settings.futureDays > 0 && date > mail.now + settings.futureDays * day {
        return [.fail("invalid_date(future)", "The Date header is too far in the future")]
    }
    if settings.pastDays > 0 && date < mail.now - settings.pastDays * day {
        return [.fail("invalid_date(past)", "The Date header is too old")]
    }
    return [.pass("invalid_date")]
}

/// Our own Received field counts: a message that went through another server has two.
private func directToMX(_ mail: Mail) -> [Finding] {
    if mail.isRelaying { return [Finding(kind: .skip, text: "direct-to-mx(relay)")] }
    let count = mail.fields("Received").count
    return [count < 2 ? .fail("direct-to-mx(\(count))") : .pass("direct-to-mx(\(count))")]
}

private func deliveredTo(_ mail: Mail) -> [Finding] {
    guard let field = mail.first("Delivered-To") else { return [] }
    let address = (mailbox(field)?.address ?? field).asciiLowercased
    // The mail was here before, or somebody wants it to look so.
    guard mail.recipients.contains(where: { $0.asciiLowercased == address }) else { return [.pass("delivered_to")] }
    return [.fail("delivered_to", "Invalid Delivered-To header content")]
}
