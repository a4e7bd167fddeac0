// The resolver as plugins have it: plugin.h "dns/1".

public import HarakaCore
public import HarakaDNS
public import HarakaPluginHost
import NIOCore

/// The names that plugins look up, and the server's own, share one resolver. On the loop.
public final class PluginNames: PluginResolver {
    private let resolver: HarakaDNS.Resolver

    public init(_ resolver: HarakaDNS.Resolver) { self.resolver = resolver }

    public func remembered(_ question: NameQuestion, strict: Bool) -> NameAnswer? {
        resolver.remembered(question, strict: strict)
    }

    public func lookup(
        _ question: NameQuestion, strict: Bool, within milliseconds: Int64, _ done: @escaping (NameAnswer) -> Void
    ) -> (any PluginLookup)? {
        // The resolver's own limit is never more than an hour, and a plugin's absurd one must not overflow.
        let limit = milliseconds > 0 ? TimeAmount.milliseconds(min(milliseconds, 3_600_000)) : nil
        return resolver.lookup(question, strict: strict, limit: limit, done)
    }
}

extension Lookup: PluginLookup {}
