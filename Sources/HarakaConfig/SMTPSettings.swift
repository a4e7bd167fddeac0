// smtp.ini: where the server listens, and as whom and in how many processes it runs.

/// The settings of smtp.ini. A new value holds the built-in defaults.
public struct SMTPSettings: Sendable, Equatable {
    /// How the work is spread over processes.
    public enum Nodes: Sendable, Equatable {
        /// Everything in one process: `nodes=0`.
        case inProcess
        /// As many worker processes, at least one.
        case count(Int)
        /// One worker process for each processor.
        case cpus
    }

    /// Where to listen, in file order. If this is the default and the machine has no IPv6, listen on `0.0.0.0`.
    public var listen = [ListenAddress.tcp(host: "::0", port: 25)]
    /// Whether ``listen`` is the built-in default and nobody's wish.
    public var isListenDefault = true
    /// Listeners with rules of their own: the sections that are there, in the order of ``RoleSettings/names``.
    public var roles: [RoleSettings] = []
    /// A listener on this port speaks TLS from the first byte; 0 for none.
    public var smtpsPort: UInt16 = 465
    /// The address under which the Internet sees this server, where that is not its own.
    public var publicIP: String?
    /// Seconds without a byte from the client, after which it gets 421.
    public var inactivityTimeout: Double = 300
    /// How the work is spread over processes. (Haraka's default is one worker, with a warning that nobody chose.)
    public var nodes = Nodes.cpus
    /// Name or number of the user to run as once the listeners are open; nil to stay.
    public var user: String?
    /// Name or number of the group to run as; nil to stay.
    public var group: String?
    /// Start without the plugins that fail to load.
    public var ignoreBadPlugins = false
    /// Leave the terminal.
    public var daemonize = false
    /// Where the log goes after that.
    public var daemonLogFile = "/var/log/haraka.log"
    /// Where the process number is written.
    public var daemonPIDFile = "/var/run/haraka.pid"
    /// Let connections end by themselves at shutdown.
    public var gracefulShutdown = false
    /// Seconds after which it ends them.
    public var forceShutdownTimeout: Double = 30
    /// Add a Received field to mail that the server itself makes: `[headers] add_received`.
    public var addReceived = true

    /// The built-in defaults.
    public init() {}

    /// Reads smtp.ini from the administrator's folder and its defaults.
    public static func read(from directory: ConfigDirectory) -> (settings: SMTPSettings, diagnostics: [Diagnostic]) {
        var settings = SMTPSettings()
        var reader = SettingsReader(directory.get("smtp.ini", .ini))
        settings.readListeners(&reader)
        settings.readRoles(&reader)
        settings.readProcess(&reader)
        settings.readShutdown(&reader)
        settings.addReceived = reader.bool(ConfigKey("headers", "add_received"), default: settings.addReceived)
        for name in RoleSettings.names { reader.knowSection(name) }
        return (settings, reader.finish(moved: Self.moved))
    }

    /// The keys whose change takes effect at the next start only, as they stand in smtp.ini, in the order of the file:
    /// what the process has done before its first connection and cannot take back. All others may change while it runs.
    public func restartDifferences(from old: SMTPSettings) -> [String] {
        let keys: [(name: String, isChanged: Bool)] = [
            ("listen", listen != old.listen || roles.map(\.listen) != old.roles.map(\.listen)),
            ("nodes", nodes != old.nodes),
            ("user", user != old.user), ("group", group != old.group),
            ("daemonize", daemonize != old.daemonize),
            ("daemon_log_file", daemonLogFile != old.daemonLogFile),
            ("daemon_pid_file", daemonPIDFile != old.daemonPIDFile),
        ]
        return keys.filter(\.isChanged).map(\.name)
    }

    /// Keys that Haraka 2 had here.
    private static let moved: [ConfigKey: String] = [
        ConfigKey("main", "spool_dir"): "spool_dir in connection.ini",
        ConfigKey("main", "spool_after"): "spool_after in connection.ini",
        ConfigKey("main", "strict_rfc1869"): "strict_rfc1869 in connection.ini",
        ConfigKey("main", "smtputf8"): "smtputf8 in connection.ini",
    ]

    /// `listen`, `smtps_port`, `public_ip`. What is wrong in a list of addresses does not spoil the others.
    private mutating func readListeners(_ reader: inout SettingsReader) {
        smtpsPort = UInt16(clamping: reader.integer(ConfigKey("main", "smtps_port"), default: 465, in: 0...65535))
        var addresses = legacyListener(&reader)
        for address in reader.addresses(ConfigKey("main", "listen")) {
            if addresses.contains(address) {
                reader.warn(ConfigKey("main", "listen"), "\(address) stands in main.listen twice")
            } else {
                addresses.append(address)
            }
        }
        isListenDefault = addresses.isEmpty
        if !addresses.isEmpty { listen = addresses }
        publicIP = reader.text(ConfigKey("main", "public_ip"))
        guard let address = publicIP, !IPText.isV4(address), !IPText.isV6(address) else { return }
        reader.reject(ConfigKey("main", "public_ip"), "expected an IPv4 or IPv6 address")
        publicIP = nil
    }

    /// `port` and `listen_host` of older releases: one listener before the others.
    private func legacyListener(_ reader: inout SettingsReader) -> [ListenAddress] {
        let key = ConfigKey("main", "listen_host")
        let text = reader.text(key) ?? "[::0]"
        let port = reader.integer(ConfigKey("main", "port"), default: 25, in: 0...65535)
        guard reader.isSet(ConfigKey("main", "port")) else { return [] }
        let host = text.contains(":") && !text.hasPrefix("[") ? "[\(text)]" : text
        do throws(ListenAddress.Malformed) {
            return [try ListenAddress.parse("\(host):\(port)")]
        } catch {
            reader.reject(key, "expected a host name or an Internet address")
            return []
        }
    }

    /// The sections of roles. With them, and without `listen` in `[main]`, only they listen.
    private mutating func readRoles(_ reader: inout SettingsReader) {
        var taken = isListenDefault ? [] : listen
        for name in RoleSettings.names where reader.sections.contains(name) {
            var role = RoleSettings(name)
            role.read(&reader, taken: &taken)
            roles.append(role)
        }
        if isListenDefault, roles.contains(where: { !$0.listen.isEmpty }) {
            listen = []
            isListenDefault = false
        }
    }

    /// As whom, and in how many processes.
    private mutating func readProcess(_ reader: inout SettingsReader) {
        inactivityTimeout = reader.seconds(ConfigKey("main", "inactivity_timeout"), default: 300, in: 0.001...604_800)
        user = reader.text(ConfigKey("main", "user"))
        group = reader.text(ConfigKey("main", "group"))
        ignoreBadPlugins = reader.bool(ConfigKey("main", "ignore_bad_plugins"), default: false)
        let key = ConfigKey("main", "nodes")
        switch reader.text(key) {
        case nil: break
        case "cpus": nodes = .cpus
        case let text?:
            guard let count = Int(text), (0...1024).contains(count) else {
                return reader.reject(key, "expected a number of processes, 0 to 1024, or cpus")
            }
            nodes = count == 0 ? .inProcess : .count(count)
        }
    }

    /// How the server leaves the terminal, and how it ends.
    private mutating func readShutdown(_ reader: inout SettingsReader) {
        daemonize = reader.bool(ConfigKey("main", "daemonize"), default: false)
        daemonLogFile = reader.text(ConfigKey("main", "daemon_log_file")) ?? daemonLogFile
        daemonPIDFile = reader.text(ConfigKey("main", "daemon_pid_file")) ?? daemonPIDFile
        gracefulShutdown = reader.bool(ConfigKey("main", "graceful_shutdown"), default: false)
        let key = ConfigKey("main", "force_shutdown_timeout")
        forceShutdownTimeout = reader.seconds(key, default: 30, in: 0...86_400)
    }

}
