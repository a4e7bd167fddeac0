// mail_from.is_resolvable.ini.
import HarakaPluginKit

/// What becomes of a sender whose domain has no usable exchanger.
enum Refusal {
    case deny, `defer`, no
}

/// The whole file.
struct Rules {
    var allowsAddresses = false
    var refusal = Refusal.deny
    /// Milliseconds for one round of lookups.
    var limit: Int64 = 5000
    var bogusSource = #"^(?:0\.0\.0\.0|255\.255\.255\.255|127\.)"#
    /// Whether the expression finds an address. The compiled expression belongs to the host, so it is no value.
    var isBogus: (String) -> Bool = { _ in false }

    /// Takes what makes sense; the rest is described.
    mutating func read(_ ini: ValueView) -> [String] {
        var reader = SwitchReader(ini)
        reader.read("main", "allow_mx_ip", &allowsAddresses)
        var mistakes = reader.mistakes
        if let source = ini["main"]["re_bogus_ip"].string, !source.isEmpty { bogusSource = source }
        let time = ini["main"]["timeout_ms"]
        if !time.isNull {
            let milliseconds = time.integer(or: -1)
            if (1...300_000).contains(milliseconds) {
                limit = milliseconds
            } else {
                mistakes.append("[main] timeout_ms is no number of milliseconds up to 300000")
            }
        }
        return mistakes + readRefusal(ini["reject"]["no_mx"])
    }

    /// Haraka's three words, and what its older files have.
    private mutating func readRefusal(_ value: ValueView) -> [String] {
        guard !value.isNull else { return [] }
        switch value.text.trimmed.asciiLowercased {
        case "deny": refusal = .deny
        case "defer": refusal = .defer
        default:
            guard let on = value.switch else { return ["[reject] no_mx is none of deny, defer, no"] }
            refusal = on ? .deny : .no
        }
        return []
    }

    /// Whether an address could take mail: the expression is about IPv4, and IPv6 has two that are nobody's, too.
    func isUsable(_ address: String) -> Bool {
        guard let octets = IPAddress(address)?.octets else { return false }
        if octets.count == 16, octets.dropLast().allSatisfy({ $0 == 0 }), octets[15] <= 1 { return false }
        return !isBogus(address)
    }

    /// The same for one that stands where a host's name should.
    func isUsable(literal address: String) -> Bool { allowsAddresses && isUsable(address) }
}
