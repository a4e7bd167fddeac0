// helo.checks.ini.
import HarakaPluginKit

/// The whole file, and the names of helo.checks.allow.
struct HeloSettings {
    /// By the number of the check.
    private var made = [Bool](repeating: true, count: HeloCheck.allCases.count)
    private var refused = [Bool](repeating: false, count: HeloCheck.allCases.count)
    /// 1: the client's address, 2: the same /24, 3: that or private.
    private(set) var literalMode = 2
    private var skipsPrivate = true, skipsRelaying = true
    /// Last labels, and names of helo.checks.allow, in lower case.
    private var exempt: [String] = []
    /// By name in HELO, all in lower case: the domains of the clients that may use it.
    private(set) var companies: [String: [String]] = [:]
    /// Milliseconds for the lookup of `forward_dns`.
    private(set) var lookupLimit: Int64 = 30_000
    private(set) var mistakes: [String] = []

    /// Whether `[check]` has it switched on.
    func isMade(_ check: HeloCheck) -> Bool { made[check.rawValue] }
    /// Whether `[reject]` has.
    func isRefused(_ check: HeloCheck) -> Bool { refused[check.rawValue] }

    /// Why a client is not checked at all; nil if it is.
    func skips(isPrivate: Bool, isRelaying: Bool) -> String? {
        if skipsRelaying && isRelaying { return "relaying" }
        return skipsPrivate && isPrivate ? "private_ip" : nil
    }

    /// Whether `valid_hostname` lets a name pass, whatever it looks like.
    func isExempt(_ name: Text) -> Bool { exempt.contains { isInside(name, domain: $0) } }

    /// `allowed` holds the lines of helo.checks.allow.
    init(ini: ValueView, allowed: [Text]) {
        var reader = SwitchReader(ini)
        for check in HeloCheck.allCases {
            if check != .literalMismatch { reader.read("check", check.name, &made[check.rawValue]) }
            reader.read("reject", check.name, &refused[check.rawValue])
        }
        reader.read("skip", "private_ip", &skipsPrivate)
        reader.read("skip", "relaying", &skipsRelaying)
        mistakes = reader.mistakes
        readLiteralMode(ini["check"][HeloCheck.literalMismatch.name])
        readExempt(ini["skip"]["tlds"], allowed)
        readCompanies(ini["bigco"])
        readLookupLimit(ini["main"]["dns_timeout"])
    }

    private mutating func readLookupLimit(_ value: ValueView) {
        guard !value.isNull else { return }
        let seconds = value.number(or: -1)
        if seconds > 0, seconds <= 300 {
            lookupLimit = max(1, Int64(seconds * 1000))
        } else {
            mistakes.append("[main] dns_timeout is no number of seconds up to 300")
        }
    }

    /// A number, or a switch for the usual one.
    private mutating func readLiteralMode(_ value: ValueView) {
        guard !value.isNull else { return }
        let mode = value.integer(or: -1)
        if mode >= 1, mode <= 3 {
            literalMode = Int(mode)
        } else if let on = value.switch {
            made[HeloCheck.literalMismatch.rawValue] = on
        } else {
            mistakes.append("[check] literal_mismatch is none of 0, 1, 2, 3")
        }
    }

    private mutating func readExempt(_ list: ValueView, _ allowed: [Text]) {
        exempt = (0..<list.count).map { list[$0].text.asciiLowercased } + allowed.map { $0.asciiLowercased }
        if list.count == 0, !list.isNull { mistakes.append("[skip] tlds is no list: write tlds[]=...") }
        exempt = exempt.map { $0.utf8.first == UInt8(ascii: ".") ? String($0.dropFirst()) : $0 }.filter { !$0.isEmpty }
    }

    /// A company without domains would be refused everywhere.
    private mutating func readCompanies(_ section: ValueView) {
        for index in 0..<section.count {
            let (name, value) = section.entry(index)
            let domains = value.text.bytes.split { $0 == UInt8(ascii: ",") || $0 <= 0x20 }
                .map { Text(UnsafeRawBufferPointer(rebasing: $0)).asciiLowercased }
            if domains.isEmpty { mistakes.append("[bigco] \(name.string) has no domains") }
            companies[name.asciiLowercased] = domains
        }
    }
}
