// What all sessions of a server share. On the loop.

import Glibc
import HarakaCore
import HarakaDNS
import HarakaPluginHost
import HarakaSpool
import MailMessage
import NIOCore

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
            (pressure.limits, pressure.folder) = (settings.pressure, settings.spoolDirectory)
        }
    }
    let host: PluginHost
    let log: any SessionLog
    let loop: any EventLoop
    private(set) var spool: SpoolFolder
    let names: NameResolver
    private(set) var sessions: [ObjectIdentifier: SessionHandler] = [:]
    /// Clients from accept to the end of their sockets, which is a while after that of their sessions.
    private(set) var clients = Headcount()
    private(set) var clientsOfRole: [String: Int] = [:]
    /// TLS handshakes that have begun and are not done.
    var handshakes = Headcount()
    let pace: HandshakePace
    let pressure: PressureGauge
    /// Where mail goes that clients may relay; nil: it is refused for now.
    var outbox: Outbox?
    private var isWatching = false
    var turnedAway = TurnedAwayLog()
    var isStopping = false
    /// Called when the last session has gone.
    var onEmpty: (() -> Void)?
    /// Replies are put together here, then handed to the channel: one buffer for all sessions, so that idle ones have
    /// none.
    private var scratch: ByteBuffer?
    let receiveRoom = ReceiveRoom()
    private var clockSecond: Int64 = 0
    private var clockText = ""

    init(
        _ settings: ServerSettings, _ host: PluginHost, _ log: any SessionLog, loop: any EventLoop,
        resolver: HarakaDNS.Resolver
    ) {
        self.settings = settings
        self.host = host
        self.log = log
        self.loop = loop
        spool = SpoolFolder(in: settings.spoolDirectory)
        names = NameResolver(resolver, limit: .milliseconds(Int64(settings.nameTimeout * 1000)))
        pressure = PressureGauge(settings.pressure, folder: settings.spoolDirectory)
        pace = HandshakePace(loop)
        pressure.changed = { [unowned self] shortage, supplies in pressureChanged(shortage, supplies) }
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

    // MARK: who is here

    func opened(_ session: SessionHandler) { sessions[ObjectIdentifier(session)] = session }

    func closed(_ session: SessionHandler) {
        guard sessions.removeValue(forKey: ObjectIdentifier(session)) != nil else { return }
        if sessions.isEmpty { onEmpty?() }
    }

    func enter(_ address: ClientAddress?, role: String) {
        clients.enter(address)
        clientsOfRole[role, default: 0] += 1
    }

    func leave(_ address: ClientAddress?, role: String) {
        clients.leave(address)
        clientsOfRole[role, default: 1] -= 1
    }

    /// The address of a proxy's client has become known.
    func counted(_ address: ClientAddress) { clients.count(address) }

    // MARK: pressure

    /// What is short at the moment.
    func shortage() -> Shortage? { pressure.shortage(now: .now(), clients: clients.total) }

    /// One line when it begins and one when it ends; meanwhile somebody must look, whether clients come or not.
    private func pressureChanged(_ shortage: Shortage?, _ supplies: Supplies) {
        guard let shortage else {
            return log.log(5, uuid: "-", origin: "core", "pressure is over: clients are welcome again (\(supplies))")
        }
        let line = "\(shortage.words.lowercased()): clients are told to try again later (\(supplies))"
        log.log(1, uuid: "-", origin: "core", line)
        watchPressure()
    }

    private func watchPressure() {
        guard !isWatching else { return }
        isWatching = true
        nonisolated(unsafe) let server = self
        loop.scheduleTask(in: .seconds(1)) {
            server.isWatching = false
            if server.shortage() != nil { server.watchPressure() }
        }
    }

    // MARK: what sessions are given

    /// Upper case, version 4 (RFC 9562).
    static func makeUUID() -> String {
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
        clockSecond = Int64(now)
        clockText = ServerContext.date(&now)
        return clockText
    }

    /// In local time.
    static func date(_ now: inout time_t) -> String {
        var local = tm()
        localtime_r(&now, &local)
        return DateTime.rfc5322(secondsSince1970: Int64(now), offsetMinutes: local.tm_gmtoff / 60)
    }
}
