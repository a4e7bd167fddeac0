// Which part of a domain somebody has registered, from the host's service domains/1.
import CHarakaPluginKit

/// The public suffix list, and internationalised domains (RFC 5890). plugin.ini: `needs=domains/1`. Loop thread only.
///
///     let domains = plugin.domains
///     domains?.organizational("mail.example.co.uk")        // example.co.uk
public struct Domains: @unchecked Sendable {
    private let service: UnsafePointer<haraka_domains_1>

    /// nil: this host does not offer it.
    public init?(_ plugin: Plugin) {
        guard let service = HarakaPluginKit.service("domains/1", haraka_domains_1.self) else { return nil }
        self.service = service
    }

    /// The organizational domain; nil: the name is a public suffix itself, or no domain.
    public func organizational(_ name: some Lendable) -> String? {
        name.lend { name in
            var domain = haraka_str()
            let status = service.pointee.organizational(name.lent, &domain)
            return status < 0 || domain.len == 0 ? nil : Text(domain).string
        }
    }

    /// `co.uk` and `com` are; `example.com` is not.
    public func isPublicSuffix(_ name: some Lendable) -> Bool {
        name.lend { service.pointee.is_public_suffix($0.lent) == 1 }
    }

    /// Whether its last label is a top level domain that exists.
    public func hasKnownTop(_ name: some Lendable) -> Bool {
        name.lend { service.pointee.has_known_top($0.lent) == 1 }
    }

    /// In A-labels, lower case; nil: no domain.
    public func toASCII(_ name: some Lendable) -> String? {
        name.lend { name in
            var domain = haraka_str()
            return service.pointee.to_ascii(name.lent, &domain) < 0 ? nil : Text(domain).string
        }
    }
}

extension Plugin {
    /// nil: this host does not offer it.
    public var domains: Domains? { Domains(self) }
}
