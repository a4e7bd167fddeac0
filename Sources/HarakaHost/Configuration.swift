// All of the core's configuration, read at once, with everything that is wrong with it.

import CIDN2
import Glibc
import HarakaConfig
import HarakaCore
import HarakaDNS
import HarakaLog
import HarakaNet
import HarakaPluginHost
import HarakaQueue
import HarakaTLS
import MailMessage
import SMTPSyntax

/// What the files of config/ say.
struct Configuration: Sendable {
    let smtp: SMTPSettings
    let connection: ConnectionSettings
    let log: LogSettings
    let pluginSettings: PluginsSettings
    let results: ResultsSettings
    let dns: DNSFile
    let outbound: OutboundFile
    /// Nil: there is no certificate, so no TLS.
    let tls: TLSSettings?
    /// Towards other servers.
    let clientTLS: ClientTLSSettings
    /// Of reports to senders.
    let templates: BounceTemplates
    let me: String
    /// What each role's list says; the role without a name is `config/plugins`.
    let lists: [PluginListing]
    let timeouts: [String: Double]
    let diagnostics: [Diagnostic]

    /// Files whose mistakes keep all settings as they were.
    static func isCore(_ file: String) -> Bool {
        let names = [
            "smtp.ini", "smtp.json", "smtp.yaml", "connection.ini", "log.ini", "loglevel", "log_timestamps",
            "plugins.ini", "results.ini", "tls.ini", "dns.ini", "outbound.ini", "queue_dir",
            "mailparser.max_mime_depth", "me", "plugins",
            "plugin_timeout",
        ]
        return names.contains(file) || file.hasSuffix(".timeout") || file.hasPrefix("plugins.")
            || file.hasPrefix("outbound.")
    }

    /// Keys and certificates: they count as the core's, but are never copied.
    static func isTLS(_ file: String) -> Bool { file.hasSuffix(".pem") || file.hasPrefix("tls/") }

    /// - Parameter directory: where the core's files are; nil: the folder's config/.
    static func read(_ folder: Folder, from directory: ConfigDirectory? = nil) -> Configuration {
        let directory = directory ?? folder.coreDirectory
        let (smtp, smtpProblems) = SMTPSettings.read(from: directory)
        let (connection, connectionProblems) = ConnectionSettings.read(from: directory)
        let (log, logProblems) = LogSettings.read(from: directory)
        let (pluginSettings, pluginSettingsProblems) = PluginsSettings.read(from: directory)
        let (results, resultProblems) = ResultsSettings.read(from: directory)
        let (dns, dnsProblems) = DNSFile.read(from: directory)
        let (outbound, outboundProblems) = OutboundFile.read(from: directory)
        let (tls, clientTLS, tlsProblems) = TLSMaterial.load(folder, from: directory)
        let (me, meProblems) = readMe(from: directory)
        let (lists, pluginProblems) = PluginListing.read(smtp, from: directory)
        var problems =
            directory.diagnostics + smtpProblems + connectionProblems + logProblems + pluginSettingsProblems
            + resultProblems + dnsProblems + outboundProblems + tlsProblems + meProblems + pluginProblems
        var timeouts: [String: Double] = [:]
        for entry in lists.flatMap(\.entries) where timeouts[entry.name] == nil {
            let (seconds, found) = readPluginTimeout(
                from: folder.configDirectory(ofPlugin: entry.name), plugin: entry.name)
            timeouts[entry.name] = seconds
            for one in found where !problems.contains(one) { problems.append(one) }
        }
        return Configuration(
            smtp: smtp, connection: connection, log: log, pluginSettings: pluginSettings,
            results: results, dns: dns, outbound: outbound, tls: tls, clientTLS: clientTLS,
            templates: readTemplates(from: directory), me: me, lists: lists, timeouts: timeouts, diagnostics: problems)
    }

    /// What the plugin host needs of it. On the loop.
    func configure(_ host: PluginHost) {
        host.setConfigHook(
            limitMilliseconds: pluginSettings.configLimitMilliseconds,
            cacheMilliseconds: pluginSettings.configCacheMilliseconds)
        host.resultsShown = results.plugins.mapValues {
            ResultsShown(order: $0.order, hide: $0.hide, isEach: $0.debug)
        }
        host.changeTimeLimits(timeouts)
    }

    /// The plugins of all lists, each once, in order.
    var plugins: [String] {
        var seen: Set<String> = []
        return lists.flatMap(\.entries).map(\.name).filter { seen.insert($0).inserted }
    }

    var errors: [Diagnostic] { diagnostics.filter { $0.severity == .error } }

    var sessionSettings: SessionSettings {
        var session = SessionSettings()
        session.maxBytes = connection.max.bytes
        session.maxRecipients = connection.max.recipients
        session.maxReceived = connection.headers.maxReceived
        session.isStrictRFC1869 = connection.strictRFC1869
        session.offersSMTPUTF8 = connection.smtputf8
        session.addsReceived = connection.headers.addReceived
        session.banner = serverInfo
        session.greeting = connection.message.greeting
        session.helloText = connection.message.helo
        session.closeText = connection.message.close
        session.uuidBannerCharacters = connection.uuid.bannerChars
        session.uuidDenyCharacters = connection.uuid.denyChars
        session.sendsEnhancedCodes = connection.sendsEnhancedCodes
        session.maxErrors = connection.max.errors
        session.maxRefusedRecipients = connection.max.refusedRecipients
        session.idna = InternationalDomain.ascii
        return session
    }

    private var serverInfo: String { connection.headers.showVersion ? "Haraka/\(Version.number)" : "Haraka" }

    var serverSettings: ServerSettings {
        var settings = ServerSettings()
        settings.session = sessionSettings
        settings.lineLength = connection.max.lineLength
        settings.dataLineLength = connection.max.dataLineLength
        settings.foldsLongLines = connection.foldsLongLines
        settings.bodyLimits.parts = connection.max.mimeParts
        settings.bodyLimits.depth = connection.max.mimeDepth
        settings.bodyLimits.header = connection.max.mimeHeader
        settings.bareNewline = BareNewlinePolicy(rawValue: connection.bareNewline.rawValue) ?? .reject
        settings.cleansAuthResults = connection.headers.cleanAuthResults
        settings.maxHeaderLines = connection.headers.maxLines
        settings.spoolDirectory = connection.spoolDir
        settings.spoolAfter = connection.spoolAfter
        settings.inactivityTimeout = smtp.inactivityTimeout
        settings.hostName = me
        settings.serverInfo = serverInfo
        settings.localAddresses = LocalAddresses.all()
        settings.roles = Dictionary(uniqueKeysWithValues: listenerRoles.dropFirst().map { ($0.name, $0) })
        settings.smtpsPort = Int(smtp.smtpsPort)
        settings.proxyHosts = NetworkList(connection.haproxyHosts)
        settings.nameTimeout = dns.timeout
        settings.limits = clientLimits
        settings.pressure = pressureLimits
        return settings
    }

    private var clientLimits: ClientLimits {
        var limits = ClientLimits()
        limits.connections = connection.max.connections
        limits.connectionsPerAddress = connection.max.connectionsPerIP
        limits.commandSeconds = connection.max.commandSeconds
        limits.messageSeconds = connection.max.messageSeconds
        limits.headerBytes = connection.max.headerBytes
        return limits
    }

    private var pressureLimits: PressureLimits {
        var limits = PressureLimits()
        limits.minFreeDisk = connection.pressure.minFreeDisk
        limits.minFreeMemory = connection.pressure.minFreeMemory
        limits.maxMemory = connection.pressure.maxMemory
        limits.spareDescriptors = connection.pressure.spareDescriptors
        return limits
    }

    var dnsSettings: DNSSettings {
        var settings = DNSSettings()
        settings.limit = dns.timeout
        settings.resolvers = dns.servers
        settings.systemResolvers = dns.resolvConf
        settings.hostsFile = dns.hosts
        settings.recursion = dns.recursion
        settings.trustAnchorFile = dns.trustAnchor
        settings.cacheEntries = dns.cacheEntries
        settings.maxUnderWay = dns.maxQueries
        switch dns.dnssec {
        case .off: settings.validation = .off
        case .permissive: settings.validation = .permissive
        case .strict: settings.validation = .strict
        }
        return settings
    }

    func configure(_ logger: Logger) {
        logger.configure(
            level: LogLevel(rawValue: log.level) ?? .info, format: LogFormat(rawValue: log.format.rawValue) ?? .default,
            timestamps: log.timestamps)
    }
}

extension ServerSettings {
    func with(_ tls: TLSContext?) -> ServerSettings {
        var settings = self
        settings.tls = tls
        return settings
    }
}

/// RFC 5890, by libidn2.
enum InternationalDomain {
    /// The A-label form of a domain, lower case; nil if it is none.
    @Sendable static func ascii(_ domain: String) -> String? {
        var output: UnsafeMutablePointer<CChar>?
        let flags = CInt(IDN2_NFC_INPUT.rawValue) | CInt(IDN2_NONTRANSITIONAL.rawValue)
        guard idn2_to_ascii_8z(domain, &output, flags) == CInt(IDN2_OK.rawValue), let output else { return nil }
        defer { idn2_free(output) }
        return String(cString: output)
    }
}

/// Addresses bound to interfaces of this host: their clients are local. docs/objects.md `HARAKA_CONN_REMOTE_IS_LOCAL`.
enum LocalAddresses {
    static func all() -> Set<IPAddress> {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: Set<IPAddress> = []
        for entry in sequence(first: list, next: { $0?.pointee.ifa_next }) {
            guard let entry = entry?.pointee, let address = entry.ifa_addr else { continue }
            let isV6 = address.pointee.sa_family == sa_family_t(AF_INET6)
            guard isV6 || address.pointee.sa_family == sa_family_t(AF_INET) else { continue }
            var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let size = socklen_t(isV6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
            guard getnameinfo(address, size, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0 else {
                continue
            }
            let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if let ip = IPAddress(text) { found.insert(ip) }
        }
        return found
    }
}
