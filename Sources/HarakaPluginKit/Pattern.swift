// Regular expressions, from the host's service regex/1.
import CHarakaPluginKit

/// A Perl-compatible regular expression with limits, so that no subject can hold the loop. Loop thread only.
///
///     let dynamic = try Pattern(plugin, "(dsl|dhcp)[0-9]+", caseless: true)
///     if dynamic.matches(call.connection.remoteHost) { ... }
public final class Pattern {
    private let service: UnsafePointer<haraka_regex_1>
    private let handle: haraka_regex

    /// Compiles. `whole`: the subject must match from its first to its last byte.
    public init(_ plugin: Plugin, _ pattern: String, caseless: Bool = false, whole: Bool = false) throws(PluginError) {
        guard let raw = "regex/1".lent({ haraka_kit_host().pointee.service($0) }) else {
            throw PluginError("regular expressions are not offered by this host", status: HARAKA_E_UNSUPPORTED)
        }
        let service = raw.assumingMemoryBound(to: haraka_regex_1.self)
        var handle = haraka_regex()
        var why = haraka_str()
        let options = (caseless ? HARAKA_REGEX_CASELESS : 0) | (whole ? HARAKA_REGEX_ANCHORED : 0)
        let status = pattern.lent { service.pointee.compile(plugin.handle, $0, options, &handle, &why) }
        guard status >= 0 else { throw PluginError("\(pattern): \(Text(why).string)", status: status) }
        self.service = service
        self.handle = handle
    }

    deinit { _ = service.pointee.free(handle) }

    /// Whether the subject matches. A subject that runs into the limits does not.
    public func matches(_ subject: Text) -> Bool { service.pointee.match(handle, subject.lent, nil, 0) == 1 }

    public func matches(_ subject: String) -> Bool { subject.lent { matches(Text($0)) } }

    /// The whole match and its groups, `count` in all, lent as long as the subject; nil if it does not match. A group that took
    /// no part is empty.
    ///
    ///     let address = from.groups(line, 2)?[1]
    public func groups(_ subject: Text, _ count: Int) -> [Text]? {
        withUnsafeTemporaryAllocation(of: haraka_str.self, capacity: max(1, count)) { room in
            room.initialize(repeating: haraka_str())
            guard service.pointee.match(handle, subject.lent, room.baseAddress, room.count) == 1 else { return nil }
            return room.map { Text($0) }
        }
    }
}
