// outbound.ini: how mail is queued and sent. docs/outbound.md "outbound.ini".

/// What outbound.ini says. A new value holds the built-in defaults. Times are seconds.
///
/// Each of Haraka's former files of one value (`outbound.disabled` and so on) counts where outbound.ini does not set
/// its key.
public struct OutboundFile: Sendable, Equatable {
    /// Which addresses come first, of hosts that are equally good.
    public enum AddressFamily: String, Sendable, CaseIterable {
        case v4
        case v6
        case any = "default"
    }

    /// Section `[concurrency]`: deliveries at the same time to one site, which is a set of MX hosts.
    public struct Concurrency: Sendable, Equatable {
        public var start = 5
        public var max = 20
        public var rest = 10
        public var maxRest = 600
        /// The other keys: a domain of recipients or of MX hosts, lower case, and how many.
        public var sites: [String: Int] = [:]
        public init() {}
    }

    /// Section `[connections]`.
    public struct Connections: Sendable, Equatable {
        public var perHost = 20
        public var messages = 100
        public var idle = 10
        public init() {}
    }

    /// Section `[timeout]`, and `connect_timeout`.
    public struct Timeouts: Sendable, Equatable {
        public var connect = 30
        public var reply = 300
        public var message = 600
        public init() {}
    }

    /// Section `[bounce]`.
    public struct Reports: Sendable, Equatable {
        /// Bytes up to which the message comes back whole.
        public var fullMessageLimit = 65_536
        /// Bytes of the header that come back.
        public var headerLimit = 65_536
        /// Seconds until the sender is told of a delay; 0: never.
        public var delayNotice = 0
        public init() {}
    }

    public var disabled = false
    public var alwaysSplit = false
    public var enableTLS = true
    public var localMXOK = false
    public var concurrencyMax = 100
    /// The schedule is made of it where ``intervals`` is nil.
    public var maxTempFailures = 13
    /// `temp_fail_intervals` as written, without mistakes; nil: not set.
    public var intervals: String?
    /// Section `[schedule]`: by domain, lower case, the same.
    public var domainIntervals: [String: String] = [:]
    /// nil: no field is added.
    public var receivedHeader: String? = "Haraka outbound"
    public var inetPrefer = AddressFamily.any
    public var maxReceived = 100
    public var crashLimit = 3
    public var minFreeDisk = 67_108_864
    public var writers = 16
    /// Section `[tls]`: seconds for which a failure is remembered.
    public var tlsFailureMemory = 3600
    public var concurrency = Concurrency()
    public var connections = Connections()
    public var timeouts = Timeouts()
    public var reports = Reports()

    /// The built-in defaults.
    public init() {}

    /// The keys whose change takes effect at the next start only.
    public func restartDifferences(from old: OutboundFile) -> [String] {
        writers == old.writers ? [] : ["writers"]
    }
}

extension OutboundFile {
    /// What is wrong in a text of intervals: bytes before it, and `expected ...`. The grammar is another room's.
    public typealias IntervalsCheck = (String) -> (offset: Int, expected: String)?

    /// Reads outbound.ini, and Haraka's former files, from the administrator's folder and its defaults.
    public static func read(
        from directory: ConfigDirectory, checkingIntervals check: IntervalsCheck
    ) -> (settings: OutboundFile, diagnostics: [Diagnostic]) {
        var file = OutboundFile()
        var parsed = directory.get("outbound.ini", .ini)
        var former = FormerValues(directory, besides: parsed)
        var tables = OutboundTables()
        tables.take(from: &parsed, check)
        file.domainIntervals = tables.intervals
        file.concurrency.sites = tables.sites
        var reader = SettingsReader(parsed)
        for name in OutboundTables.names { reader.knowSection(name) }
        file.readMain(&reader, &former)
        file.readIntervals(&reader, &former, check)
        file.readSections(&reader)
        return (file, reader.finish(moved: moved) + former.findings)
    }

    /// Where somebody may look for them here.
    private static let moved: [ConfigKey: String] = [
        ConfigKey("main", "no_tls_hosts"): "[outbound] no_tls_hosts of tls.ini",
        ConfigKey("main", "force_tls_hosts"): "[outbound] force_tls_hosts of tls.ini",
        ConfigKey("tls", "no_tls_hosts"): "[outbound] no_tls_hosts of tls.ini",
        ConfigKey("tls", "force_tls_hosts"): "[outbound] force_tls_hosts of tls.ini",
        ConfigKey("main", "queue_dir"): "the file queue_dir",
    ]

    private mutating func readMain(_ reader: inout SettingsReader, _ former: inout FormerValues) {
        disabled = reader.bool(main("disabled"), default: former.bool("disabled", default: disabled))
        alwaysSplit = reader.bool(main("always_split"), default: alwaysSplit)
        enableTLS = reader.bool(main("enable_tls"), default: former.bool("enable_tls", default: enableTLS))
        localMXOK = reader.bool(main("local_mx_ok"), default: localMXOK)
        let many = 1...100_000
        concurrencyMax = former.integer("concurrency_max", default: concurrencyMax, in: many)
        concurrencyMax = reader.integer(main("concurrency_max"), default: concurrencyMax, in: many)
        inetPrefer = reader.choice(main("inet_prefer"), default: inetPrefer)
        timeouts.connect = reader.integer(main("connect_timeout"), default: timeouts.connect, in: 1...3600)
        maxReceived = reader.integer(main("max_received"), default: maxReceived, in: 1...10_000)
        crashLimit = reader.integer(main("crash_limit"), default: crashLimit, in: 0...1000)
        minFreeDisk = reader.integer(main("min_free_disk"), default: minFreeDisk, in: 0...Int.max)
        writers = reader.integer(main("writers"), default: writers, in: 1...256)
        if let text = reader.text(main("received_header")) ?? former.text("received_header") {
            receivedHeader = text == "disabled" ? nil : text
        }
    }

    private mutating func readIntervals(
        _ reader: inout SettingsReader, _ former: inout FormerValues, _ check: IntervalsCheck
    ) {
        let few = 1...20
        maxTempFailures = former.integer("maxTempFailures", default: maxTempFailures, in: few)
        maxTempFailures = reader.integer(main("maxTempFailures"), default: maxTempFailures, in: few)
        // What outbound.ini says wrongly has been taken out before.
        intervals = reader.text(main("temp_fail_intervals"))
        guard intervals == nil, let text = former.text("temp_fail_intervals") else { return }
        if let mistake = check(text) {
            former.reject("temp_fail_intervals", mistake.expected)
        } else {
            intervals = text
        }
    }

    private mutating func readSections(_ reader: inout SettingsReader) {
        func number(_ section: String, _ key: String, _ value: inout Int, in range: ClosedRange<Int>) {
            value = reader.integer(ConfigKey(section, key), default: value, in: range)
        }
        number("concurrency", "start", &concurrency.start, in: 1...100_000)
        number("concurrency", "max", &concurrency.max, in: 1...100_000)
        number("concurrency", "rest", &concurrency.rest, in: 1...86_400)
        number("concurrency", "rest_max", &concurrency.maxRest, in: 1...86_400)
        number("connections", "per_host", &connections.perHost, in: 1...100_000)
        number("connections", "messages", &connections.messages, in: 0...1_000_000)
        number("connections", "idle", &connections.idle, in: 0...3600)
        number("timeout", "reply", &timeouts.reply, in: 1...3600)
        number("timeout", "message", &timeouts.message, in: 1...7200)
        number("bounce", "full_message", &reports.fullMessageLimit, in: 0...Int.max)
        number("bounce", "header", &reports.headerLimit, in: 0...16_777_216)
        number("bounce", "delay_notice", &reports.delayNotice, in: 0...31_536_000)
        number("tls", "failure_memory", &tlsFailureMemory, in: 0...31_536_000)
        if concurrency.start > concurrency.max, reader.isSet(ConfigKey("concurrency", "start")) {
            let message = "start is larger than max, which is \(concurrency.max): sites begin with \(concurrency.max)"
            reader.warn(ConfigKey("concurrency", "start"), message)
        }
        if concurrency.rest > concurrency.maxRest, reader.isSet(ConfigKey("concurrency", "rest")) {
            let message = "rest is larger than rest_max, which is \(concurrency.maxRest): that is how long sites rest"
            reader.warn(ConfigKey("concurrency", "rest"), message)
        }
    }

    private func main(_ key: String) -> ConfigKey { ConfigKey("main", key) }
}
