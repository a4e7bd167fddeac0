// What headers.ini says.
import HarakaPluginKit

/// One bit for each check.
struct Checks: OptionSet, Equatable, Sendable {
    let rawValue: UInt16

    static let duplicateSingular = Checks(rawValue: 1)
    static let missingRequired = Checks(rawValue: 2)
    static let invalidReturnPath = Checks(rawValue: 4)
    static let invalidDate = Checks(rawValue: 8)
    static let userAgent = Checks(rawValue: 16)
    static let directToMX = Checks(rawValue: 32)
    static let fromMatch = Checks(rawValue: 64)
    static let deliveredTo = Checks(rawValue: 128)
    static let mailingList = Checks(rawValue: 256)
    static let fromPhish = Checks(rawValue: 512)
    static let all = Checks(rawValue: 1023)
}

/// A name that is often forged, and the domain that may bear it.
struct PhishTarget: Equatable, Sendable {
    let name: String, domain: String
}

struct Settings: Equatable, Sendable {
    var required = ["From", "Date"]
    /// RFC 5322 section 3.6.
    var singular = [
        "Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-Id", "In-Reply-To", "References", "Subject",
    ]
    /// 0: any date.
    var futureDays: Int64 = 2, pastDays: Int64 = 15
    var checks = Checks.all
    var rejects: Checks = .deliveredTo
    var targets: [PhishTarget] = []

    /// How the file's booleans are declared: every check is on, no rejection but one is.
    static var booleans: String {
        var declared = ""
        for check in Check.all {
            declared += "+check.\(check.name) "
            declared += (check.flag == .deliveredTo ? "+reject." : "-reject.") + check.name + " "
        }
        return declared
    }

    /// From the file, and what cannot be used of it.
    static func read(_ ini: ValueView) -> (Settings, mistakes: [String]) {
        var settings = Settings()
        var mistakes: [String] = []
        let main = ini["main"]
        if let names = main["required"].string?.words { settings.required = names }
        if let names = main["singular"].string?.words { settings.singular = names }
        days(main, "date_future_days", &settings.futureDays, &mistakes)
        days(main, "date_past_days", &settings.pastDays, &mistakes)
        (settings.checks, settings.rejects) = ([], [])
        for check in Check.all {
            if ini["check"][check.name].isTrue { settings.checks.insert(check.flag) }
            if ini["reject"][check.name].isTrue { settings.rejects.insert(check.flag) }
        }
        settings.targets = targets(ini["phish_targets"])
        return (settings, mistakes)
    }

    private static func days(_ main: ValueView, _ key: String, _ days: inout Int64, _ mistakes: inout [String]) {
        guard !main[key].isNull else { return }
        let number = main[key].integer(or: -1)
        // A century is enough, and keeps seconds far from overflow.
        if number >= 0 && number <= 36_500 { days = number } else { mistakes.append("\(key) is no number of days") }
    }

    private static func targets(_ section: ValueView) -> [PhishTarget] {
        (0..<section.count).compactMap { index in
            let (name, domain) = section.entry(index)
            guard !name.isEmpty, !domain.text.isEmpty else { return nil }
            return PhishTarget(name: name.asciiLowercased, domain: domain.text.asciiLowercased)
        }
    }
}
