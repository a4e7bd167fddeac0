// Which certificates serve which names.

/// Sorts identities by name before contexts are made of them: names with the same certificates and rules share one.
struct HostPlan {
    private let settings: TLSSettings
    private let credentials: [Credentials]
    /// By name: which of ``credentials``.
    private var served: [String: [Int]] = [:]
    private var standard: HostContext?

    /// Reads all keys and certificates.
    init(_ settings: TLSSettings) throws(TLSError) {
        self.settings = settings
        var credentials: [Credentials] = []
        for identity in settings.identities { credentials.append(try Credentials(identity)) }
        self.credentials = credentials
        for (index, credential) in credentials.enumerated() {
            for name in credential.names { served[name, default: []].append(index) }
        }
    }

    /// The first of each kind of key.
    mutating func makeStandard(_ tickets: TicketKeys) throws(TLSError) -> HostContext {
        let chosen = firstOfEachKind(Array(credentials.indices)).map { credentials[$0] }
        let context = try HostContext(chosen, settings.rules, settings, scope: "", tickets)
        standard = context
        return context
    }

    /// Each name's context, those of hosts with rules of their own among them.
    mutating func makeHosts(_ tickets: TicketKeys) throws(TLSError) -> [String: HostContext] {
        var hosts: [String: HostContext] = [:]
        var made: [[Int]: HostContext] = [firstOfEachKind(Array(credentials.indices)): standard].compactMapValues { $0 }
        for (name, indices) in served where settings.hosts[name] == nil {
            let chosen = firstOfEachKind(indices)
            if let context = made[chosen] {
                hosts[name] = context
            } else {
                let context = try HostContext(
                    chosen.map { credentials[$0] }, settings.rules, settings, scope: "", tickets)
                made[chosen] = context
                hosts[name] = context
            }
        }
        for (name, host) in settings.hosts {
            hosts[name] = try HostContext(try chosen(name, host), host.rules, settings, scope: name, tickets)
        }
        return hosts
    }

    /// A host's own certificates, or those with its name, or the standard ones.
    private func chosen(_ name: String, _ host: TLSSettings.Host) throws(TLSError) -> [Credentials] {
        var own: [Credentials] = []
        for identity in host.identities { own.append(try Credentials(identity)) }
        guard own.isEmpty else { return own }
        var indices = served[name] ?? []
        if indices.isEmpty, let dot = name.firstIndex(of: ".") { indices = served["*\(name[dot...])"] ?? [] }
        if indices.isEmpty { indices = Array(credentials.indices) }
        return firstOfEachKind(indices).map { credentials[$0] }
    }

    /// OpenSSL has room for one certificate of each kind of key.
    private func firstOfEachKind(_ indices: [Int]) -> [Int] {
        var kinds: Set<String> = []
        return indices.filter { kinds.insert(credentials[$0].key.kind).inserted }
    }
}
