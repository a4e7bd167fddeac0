// What all sessions of a server share. On the loop.

import Glibc
public import HarakaCore
import HarakaPluginHost
import HarakaSpool
public import MailMessage
import NIOCore
import NIOPosix
public import SMTPSyntax

/// The rules and rooms of a server's sessions.
public struct ServerSettings: Sendable {
    public var session = SessionSettings()
    public var lineLength = 512
    public var dataLineLength = 992
    public var bareNewline = BareNewlinePolicy.reject
    public var maxHeaderLines = 1000
    /// Rename Authentication-Results fields of the client.
    public var cleansAuthResults: Bool {
        get { session.cleansAuthResults }
        set { session.cleansAuthResults = newValue }
    }
    /// Cut lines of a message that are longer than `dataLineLength`; else they are only noted.
    public var foldsLongLines = false
    /// How much of a message's structure is read, if a plugin wants to see it.
    public var bodyLimits = BodyLimits()
    public var spoolDirectory = "/tmp"
    public var spoolAfter = 262_144
    /// Seconds without a byte until the client gets 421.
    public var inactivityTimeout = 300.0
    /// Seconds for the system's lookup of a client's name.
    public var nameTimeout = 5.0
    /// Our name in the dialogue (config/me).
    public var hostName = "localhost"
    /// "Haraka" or "Haraka/<version>".
    public var serverInfo = "Haraka"
    public var localAddresses: Set<IPAddress> = []

    public init() {}
}

/// Log lines of the network room.
public protocol SessionLog: AnyObject, Sendable {
    /// Haraka's level numbers.
    func isEnabled(_ level: Int32) -> Bool
    func log(_ level: Int32, uuid: String, origin: String, _ message: String)
    /// A message with named values, which the formats show in their own way.
    func log(_ level: Int32, uuid: String, _ message: String, fields: [(String, String)])
}

final class ServerContext {
    var settings: ServerSettings {
        didSet {
            if settings.spoolDirectory != oldValue.spoolDirectory { spool = SpoolFolder(in: settings.spoolDirectory) }
        }
    }
    let host: PluginHost
    let log: any SessionLog
    private(set) var spool: SpoolFolder
    let names: NameResolver
    private(set) var sessions: [ObjectIdentifier: SessionHandler] = [:]
    var isStopping = false
    /// Called when the last session has gone.
    var onEmpty: (() -> Void)?
    /// Replies are put together here, then handed to the channel: one buffer for all sessions, so that idle ones have none.
    private var scratch: ByteBuffer?
    let receiveRoom = ReceiveRoom()
    private var clockSecond: Int64 = 0
    private var clockText = ""

    init(_ settings: ServerSettings, _ host: PluginHost, _ log: any SessionLog, pool: NIOThreadPool) {
        self.settings = settings
        self.host = host
        self.log = log
        spool = SpoolFolder(in: settings.spoolDirectory)
        names = NameResolver(pool: pool, limit: .milliseconds(Int64(settings.nameTimeout * 1000)))
    }

    /// The buffer, or a new one while another session has it.
    func takeScratch() -> ByteBuffer {
        defer { scratch = nil }
        return scratch ?? ByteBufferAllocator().buffer(capacity: 2048)
    }

    func giveBack(_ buffer: consuming ByteBuffer) {
        guard buffer.capacity <= 65_536 else { return }
        buffer.clear()
        scratch = buffer
    }

    func opened(_ session: SessionHandler) { sessions[ObjectIdentifier(session)] = session }

    func closed(_ session: SessionHandler) {
        sessions[ObjectIdentifier(session)] = nil
        if sessions.isEmpty { onEmpty?() }
    }

    /// Upper case, version 4 (RFC 9562).
    func makeUUID() -> String {
        var bytes: (UInt64, UInt64) = (0, 0)
        // One call of the system for all sixteen bytes; Swift's own generator makes one for each eight.
        withUnsafeMutableBytes(of: &bytes) { buffer in buffer.baseAddress.map { arc4random_buf($0, buffer.count) } }
        return withUnsafeMutableBytes(of: &bytes) { bytes in
            bytes[6] = bytes[6] & 0x0f | 0x40
            bytes[8] = bytes[8] & 0x3f | 0x80
            return String(unsafeUninitializedCapacity: 36) { text in
                var at = 0
                for (index, byte) in bytes.enumerated() {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        text[at] = 0x2d
                        at += 1
                    }
                    text[at] = ServerContext.hexDigit(byte >> 4)
                    text[at + 1] = ServerContext.hexDigit(byte & 15)
                    at += 2
                }
                return 36
            }
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 55 + value }

    static func milliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The date of a Received line, in local time; made once a second.
    func date() -> String {
        var now = time(nil)
        guard now != clockSecond else { return clockText }
        var local = tm()
        localtime_r(&now, &local)
        clockSecond = Int64(now)
        clockText = DateTime.rfc5322(secondsSince1970: clockSecond, offsetMinutes: local.tm_gmtoff / 60)
        return clockText
    }
}
