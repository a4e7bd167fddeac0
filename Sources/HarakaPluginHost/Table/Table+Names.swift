// The services dns/1 and domains/1. plugin.h, docs/dns.md.

import HarakaCore
import HarakaPluginABI

/// The table of dns/1, made once. Only hosts with a resolver offer it.
enum DNSService {
    nonisolated(unsafe) static let table: UnsafeMutablePointer<haraka_dns_1> = {
        let table = UnsafeMutablePointer<haraka_dns_1>.allocate(capacity: 1)
        table.initialize(to: haraka_dns_1())
        table.pointee.size = MemoryLayout<haraka_dns_1>.size
        table.pointee.lookup = { me, name, type, options, callback, out in
            PluginHost.withPlugin(me) { host, plugin in
                guard let callback = callback?.pointee, let function = callback.function, let name = name.bytes,
                    let type = UInt16(exactly: type), type > 0, let options = DNSOptions(options)
                else { return HARAKA_E_ARGUMENT }
                var run: HookRun?
                if options.next != 0 {
                    guard let open = host.openRun(options.next) else { return host.notOpen(options.next) }
                    run = open
                }
                let query =
                    run.map { PluginQuery(host, plugin, callback, function, for: $0) }
                    ?? PluginQuery(host, plugin, callback, function)
                let status = host.lookup(query, of: plugin, name, type, options, run?.timeLeft ?? .max)
                if status >= 0 { out?.pointee = haraka_query(bits: query.handle.bits) }
                return status
            }
        }
        table.pointee.cancel = { query in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let query = host.queries.find(query.bits) else { return HARAKA_E_HANDLE }
            query.end()
            return HARAKA_SUCCESS
        }
        table.pointee.reverse_name = { address, zone, out in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let text = address.text, let address = IPAddress(text), let zone = zone.bytes, let out else {
                return HARAKA_E_ARGUMENT
            }
            if zone.isEmpty {
                out.pointee = host.arena.lend(address.reversedLabels + address.reverseZone)
                return HARAKA_SUCCESS
            }
            guard let zone = DomainName(zone, isHost: false) else { return HARAKA_E_ARGUMENT }
            out.pointee = host.arena.lend(address.reversedLabels + zone.text)
            return HARAKA_SUCCESS
        }
        return table
    }()
}

/// A plugin's `haraka_dns_options`, looked at.
private struct DNSOptions {
    var isStrict = false
    /// Milliseconds; 0: the configured limit.
    var timeout: Int64 = 0
    var next: UInt64 = 0

    init?(_ options: UnsafePointer<haraka_dns_options>?) {
        guard let options else { return }
        guard options.pointee.size >= MemoryLayout<haraka_dns_options>.size,
            options.pointee.flags & ~HARAKA_DNS_STRICT == 0, options.pointee.timeout >= 0
        else { return nil }
        isStrict = options.pointee.flags & HARAKA_DNS_STRICT != 0
        timeout = options.pointee.timeout
        next = options.pointee.next.bits
    }
}

extension PluginHost {
    /// Of one plugin, at the same time. The resolver has a limit of its own for what it has to ask.
    private static let maximumQueries = 4096
    /// Milliseconds. No limit for lookups is longer, and none of this length overflows a clock.
    private static let longestLookup: Int64 = 3_600_000

    fileprivate func lookup(
        _ query: PluginQuery, of plugin: Plugin, _ name: UnsafeRawBufferPointer, _ type: UInt16, _ options: DNSOptions,
        _ left: Int64
    ) -> Int32 {
        guard resolver != nil else { return HARAKA_E_UNSUPPORTED }
        guard plugin.queries.count < PluginHost.maximumQueries else { return HARAKA_E_LIMIT }
        guard let domain = DomainName(name, isHost: false) else {
            let question = NameQuestion(String(decoding: name.prefix(255), as: UTF8.self).lowercased(), type)
            return query.answer(NameAnswer(question, .badName, reason: "no domain name"))
                ? HARAKA_SUCCESS : HARAKA_E_LIMIT
        }
        let wanted = options.timeout > 0 ? min(options.timeout, left) : left
        let milliseconds = max(1, min(wanted, PluginHost.longestLookup))
        let question = NameQuestion(domain.text, type)
        return query.start(question, strict: options.isStrict, within: milliseconds) ? HARAKA_SUCCESS : HARAKA_E_LIMIT
    }
}

/// The table of domains/1, made once.
enum DomainsService {
    nonisolated(unsafe) static let table: UnsafeMutablePointer<haraka_domains_1> = {
        let table = UnsafeMutablePointer<haraka_domains_1>.allocate(capacity: 1)
        table.initialize(to: haraka_domains_1())
        table.pointee.size = MemoryLayout<haraka_domains_1>.size
        table.pointee.organizational = { name, out in
            DomainsService.look(at: name) { host, name in
                guard let out else { return HARAKA_E_ARGUMENT }
                out.pointee = host.arena.lend(name.map(PublicSuffixes.organizational) ?? "")
                return HARAKA_SUCCESS
            }
        }
        table.pointee.is_public_suffix = { name in
            DomainsService.look(at: name) { _, name in name.map(PublicSuffixes.isPublicSuffix) ?? false ? 1 : 0 }
        }
        table.pointee.has_known_top = { name in
            DomainsService.look(at: name) { _, name in name.map(PublicSuffixes.hasKnownTop) ?? false ? 1 : 0 }
        }
        table.pointee.to_ascii = { name, out in
            DomainsService.look(at: name) { host, name in
                guard let out, let name else { return HARAKA_E_ARGUMENT }
                out.pointee = host.arena.lend(name.text)
                return HARAKA_SUCCESS
            }
        }
        return table
    }()

    /// - Parameter body: is given nil for what is no domain
    private static func look(at name: haraka_str, _ body: (PluginHost, DomainName?) -> Int32) -> Int32 {
        guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
        guard let bytes = name.bytes else { return HARAKA_E_ARGUMENT }
        return body(host, DomainName(bytes, isHost: true))
    }
}
