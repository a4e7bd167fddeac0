// The public suffix list: which part of a domain somebody has registered. https://publicsuffix.org/list/

import CPSL
import Glibc

/// The newest list of this machine, by libpsl. Loaded when somebody asks; on the loop.
enum PublicSuffixes {
    nonisolated(unsafe) private static let list: OpaquePointer? = psl_latest(nil) ?? psl_builtin()

    /// `example.co.uk` for `mail.example.co.uk`; empty: the name is a public suffix itself.
    static func organizational(_ name: DomainName) -> String {
        guard let list, !isNumber(name) else { return "" }
        return name.text.withCString { text in psl_registrable_domain(list, text).map { String(cString: $0) } ?? "" }
    }

    static func isPublicSuffix(_ name: DomainName) -> Bool {
        guard let list, !isNumber(name) else { return false }
        return psl_is_public_suffix(list, name.text) == 1
    }

    /// Whether there is such a top level domain. What stands in the list by `*.ck` alone counts too.
    static func hasKnownTop(_ name: DomainName) -> Bool {
        guard let list, !isNumber(name), let top = name.text.split(separator: ".").last else { return false }
        return psl_is_public_suffix2(list, String(top), CInt(PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE)) == 1
    }

    /// No top level domain has digits only: it is an address, or a piece of one.
    private static func isNumber(_ name: DomainName) -> Bool {
        name.text.utf8.reversed().prefix { $0 != UInt8(ascii: ".") }.allSatisfy { (48...57).contains($0) }
    }
}
