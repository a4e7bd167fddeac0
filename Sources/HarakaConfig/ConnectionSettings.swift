// connection.ini: how one SMTP connection is treated, what is said to it, and its limits.

/// What happens to a CR or LF that stands alone in a command or a message. Line endings are CR LF (RFC 5321,
/// section 2.3.8); anything that takes other ones for line endings can be used to smuggle mail.
public enum BareNewline: String, Sendable, CaseIterable {
    /// Refuse the message.
    case reject
    /// Make CR LF of it.
    case replace
    /// Keep it as an ordinary character.
    case accept
}

/// The settings of connection.ini. A new value holds the built-in defaults.
public struct ConnectionSettings: Sendable, Equatable {
    /// Section `[headers]`.
    public struct Headers: Sendable, Equatable {
        /// Add a Received field to each message.
        public var addReceived = true
        /// Rename Authentication-Results that come in to Original-Authentication-Results.
        public var cleanAuthResults = true
        /// Show the server's version in the greeting and in Received.
        public var showVersion = true
        /// As many lines of header are parsed.
        public var maxLines = 1000
        /// A message with more Received fields is refused: it goes round in circles.
        public var maxReceived = 100
    }

    /// Section `[max]`.
    public struct Limits: Sendable, Equatable {
        /// Largest message in bytes; 0 for no limit.
        public var bytes = 26_214_400
        /// MIME parts of a message whose parts a plugin looks at; with more it is refused.
        public var mimeParts = 1000
        /// How deep multiparts may lie in each other; a deeper one is read as one part.
        public var mimeDepth = 100
        /// Bytes of a part's header; what is beyond counts as its content.
        public var mimeHeader = 65_536
        /// Longest command line in bytes with its CR LF (RFC 5321, section 4.5.3.1.4).
        public var lineLength = 512
        /// Longest line of a message in bytes; longer ones are noted for plugins.
        public var dataLineLength = 992
        /// Recipients of one message; further ones are refused for now (RFC 5321, section 4.5.3.1.10).
        public var recipients = 1000
        /// Clients at the same time in one worker; 0: no limit.
        public var connections = 20_000
        /// The same from one address (IPv6: one /64).
        public var connectionsPerIP = 200
        /// Protocol errors of one session; 0: no limit.
        public var errors = 50
        /// Refused recipients of one session; 0: no limit.
        public var refusedRecipients = 500
        /// Seconds within which a command line that has begun is complete (RFC 5321, section 4.5.3.2.7).
        public var commandSeconds: Double = 300
        /// Seconds within which a message that has begun is complete; 0: no limit.
        public var messageSeconds: Double = 7200
        /// Bytes of a message's header.
        public var headerBytes = 1_048_576
    }

    /// Section `[pressure]`: before the machine has no room left, clients are told to try again later.
    public struct Pressure: Sendable, Equatable {
        /// Bytes that must be free on the disk of ``spoolDir``; 0: whatever is.
        public var minFreeDisk = 67_108_864
        /// Bytes of memory that the machine must have left; 0: whatever it has.
        public var minFreeMemory = 33_554_432
        /// Bytes of memory that one worker may hold; 0: any.
        public var maxMemory = 0
        /// File descriptors that a worker keeps free for its work.
        public var spareDescriptors = 64
    }

    /// Section `[message]`.
    public struct Messages: Sendable, Equatable {
        /// Lines of the greeting; none for the server's own.
        public var greeting: [String] = []
        /// What follows the names in the answer to HELO and EHLO.
        public var helo = "Haraka is at your service."
        /// What follows the name in the answer to QUIT.
        public var close = "closing connection. Have a jolly good day."
    }

    /// Section `[uuid]`.
    public struct UUIDShown: Sendable, Equatable {
        /// Characters of the connection's uuid in the greeting; 0 for none.
        public var bannerChars = 6
        /// Characters of it in front of each refusal; 0 for none.
        public var denyChars = 0
    }

    /// Where message bodies go that are too large for memory.
    public var spoolDir = "/tmp"
    /// Bytes of a message kept in memory before the rest goes to disk; 0: at once; -1: never. (Haraka's default is -1.)
    public var spoolAfter = 262_144
    /// Accept MAIL and RCPT only exactly as the RFC writes them.
    public var strictRFC1869 = false
    /// Offer SMTPUTF8.
    public var smtputf8 = true
    /// Cut lines of a message that are longer than ``Limits/dataLineLength``, as Haraka does. Breaks signatures.
    public var foldsLongLines = false
    /// Replies carry enhanced status codes (RFC 2034), which Haraka's do not.
    public var sendsEnhancedCodes = true
    /// What happens to a CR or LF that stands alone.
    public var bareNewline = BareNewline.reject
    /// Networks whose connections begin with a PROXY line: addresses, alone or with a prefix length.
    public var haproxyHosts: [String] = []
    /// Section `[headers]`.
    public var headers = Headers()
    /// Section `[max]`.
    public var max = Limits()
    /// Section `[pressure]`.
    public var pressure = Pressure()
    /// Section `[message]`.
    public var message = Messages()
    /// Section `[uuid]`.
    public var uuid = UUIDShown()

    /// The built-in defaults.
    public init() {}

    /// Reads connection.ini from the administrator's folder and its defaults.
    public static func read(
        from directory: ConfigDirectory
    ) -> (settings: ConnectionSettings, diagnostics: [Diagnostic]) {
        var settings = ConnectionSettings()
        var reader = SettingsReader(directory.get("connection.ini", .ini))
        settings.readMain(&reader)
        settings.readHAProxy(&reader)
        settings.headers.read(&reader)
        settings.max.mimeDepth = readOldDepth(from: directory) ?? settings.max.mimeDepth
        settings.max.read(&reader)
        settings.pressure.read(&reader)
        settings.message.read(&reader)
        settings.uuid.read(&reader)
        return (settings, reader.finish())
    }

    /// Haraka's file for the depth of multiparts; the key in connection.ini counts first.
    private static func readOldDepth(from directory: ConfigDirectory) -> Int? {
        guard case .integer(let depth) = directory.get("mailparser.max_mime_depth", .value).value else { return nil }
        return (1...1000).contains(depth) ? Int(depth) : nil
    }

    /// Keys of `[main]`.
    private mutating func readMain(_ reader: inout SettingsReader) {
        spoolDir = reader.text(ConfigKey("main", "spool_dir")) ?? spoolDir
        spoolAfter = reader.integer(ConfigKey("main", "spool_after"), default: spoolAfter, in: -1...Int.max)
        strictRFC1869 = reader.bool(ConfigKey("main", "strict_rfc1869"), default: strictRFC1869)
        smtputf8 = reader.bool(ConfigKey("main", "smtputf8"), default: smtputf8)
        foldsLongLines = reader.bool(ConfigKey("main", "fold_long_lines"), default: foldsLongLines)
        sendsEnhancedCodes = reader.bool(ConfigKey("main", "enhanced_status_codes"), default: sendsEnhancedCodes)
        bareNewline = reader.choice(ConfigKey("main", "bare_newline"), default: bareNewline)
    }

    /// Networks are kept as text, checked.
    private mutating func readHAProxy(_ reader: inout SettingsReader) {
        let key = ConfigKey("haproxy", "hosts")
        for (index, host) in reader.texts(key).enumerated() {
            if IPText.isNetwork(host) {
                haproxyHosts.append(host)
            } else {
                reader.reject(key, "expected an address or a network such as 192.0.2.0/24", element: index)
            }
        }
    }
}

extension ConnectionSettings.Headers {
    fileprivate mutating func read(_ reader: inout SettingsReader) {
        addReceived = reader.bool(ConfigKey("headers", "add_received"), default: addReceived)
        cleanAuthResults = reader.bool(ConfigKey("headers", "clean_auth_results"), default: cleanAuthResults)
        showVersion = reader.bool(ConfigKey("headers", "show_version"), default: showVersion)
        maxLines = reader.integer(ConfigKey("headers", "max_lines"), default: maxLines, in: 1...1_000_000)
        maxReceived = reader.integer(ConfigKey("headers", "max_received"), default: maxReceived, in: 1...100_000)
    }
}

extension ConnectionSettings.Limits {
    fileprivate mutating func read(_ reader: inout SettingsReader) {
        bytes = reader.integer(ConfigKey("max", "bytes"), default: bytes, in: 0...Int.max)
        mimeParts = reader.integer(ConfigKey("max", "mime_parts"), default: mimeParts, in: 0...1_000_000)
        mimeDepth = reader.integer(ConfigKey("max", "mime_depth"), default: mimeDepth, in: 1...1000)
        mimeHeader = reader.integer(ConfigKey("max", "mime_header"), default: mimeHeader, in: 1024...16_777_216)
        lineLength = reader.integer(ConfigKey("max", "line_length"), default: lineLength, in: 512...1_048_576)
        let key = ConfigKey("max", "data_line_length")
        dataLineLength = reader.integer(key, default: dataLineLength, in: 64...1_073_741_824)
        recipients = reader.integer(ConfigKey("max", "recipients"), default: recipients, in: 1...1_000_000)
        readAbuse(&reader)
    }

    /// Limits against clients that want to hold the server up.
    private mutating func readAbuse(_ reader: inout SettingsReader) {
        let many = 0...10_000_000
        connections = reader.integer(ConfigKey("max", "connections"), default: connections, in: many)
        connectionsPerIP = reader.integer(ConfigKey("max", "connections_per_ip"), default: connectionsPerIP, in: many)
        errors = reader.integer(ConfigKey("max", "errors"), default: errors, in: many)
        refusedRecipients = reader.integer(ConfigKey("max", "refused_recipients"), default: refusedRecipients, in: many)
        let (command, message) = (ConfigKey("max", "command_seconds"), ConfigKey("max", "message_seconds"))
        commandSeconds = reader.seconds(command, default: commandSeconds, in: 0.001...86_400)
        messageSeconds = reader.seconds(message, default: messageSeconds, in: 0...604_800)
        let header = ConfigKey("max", "header_bytes")
        headerBytes = reader.integer(header, default: headerBytes, in: 1024...1_073_741_824)
    }
}

extension ConnectionSettings.Pressure {
    fileprivate mutating func read(_ reader: inout SettingsReader) {
        let disk = ConfigKey("pressure", "min_free_disk")
        minFreeDisk = reader.integer(disk, default: minFreeDisk, in: 0...Int.max)
        let memory = ConfigKey("pressure", "min_free_memory")
        minFreeMemory = reader.integer(memory, default: minFreeMemory, in: 0...Int.max)
        maxMemory = reader.integer(ConfigKey("pressure", "max_memory"), default: maxMemory, in: 0...Int.max)
        let spare = ConfigKey("pressure", "spare_descriptors")
        spareDescriptors = reader.integer(spare, default: spareDescriptors, in: 16...100_000)
    }
}

extension ConnectionSettings.Messages {
    fileprivate mutating func read(_ reader: inout SettingsReader) {
        greeting = reader.texts(ConfigKey("message", "greeting"))
        helo = reader.text(ConfigKey("message", "helo")) ?? helo
        close = reader.text(ConfigKey("message", "close")) ?? close
    }
}

extension ConnectionSettings.UUIDShown {
    /// A uuid has 36 characters.
    fileprivate mutating func read(_ reader: inout SettingsReader) {
        bannerChars = reader.integer(ConfigKey("uuid", "banner_chars"), default: bannerChars, in: 0...36)
        denyChars = reader.integer(ConfigKey("uuid", "deny_chars"), default: denyChars, in: 0...36)
    }
}
