// The way to syslog, which may be shut or narrow at times.
import HarakaPluginKit

/// Sends lines without ever waiting, and knows how many could not be sent.
///
/// libc's syslog() is not used: it waits as long as the daemon does not read, and with it would wait all clients of the
/// process. Loop thread only.
final class Outlet {
    /// What became of a line.
    enum Fate: Equatable {
        case sent
        /// Not sent: the daemon does not keep up, or is not there.
        case missed
    }

    private let path: String
    private var socket: Datagrams?
    private var nextTry: Int64 = .min
    /// Lines that were missed since the last one that was sent.
    private(set) var missed: Int64 = 0
    /// Why, for the first of them.
    private(set) var cause = ""

    init(path: String) { self.path = path }

    /// Opens the socket, unless that failed less than a second ago.
    func open(now: Int64) {
        guard socket == nil, now >= nextTry else { return }
        nextTry = now + 1000
        do throws(PluginError) { socket = try Datagrams(to: path) } catch { cause = error.cause }
    }

    /// `now` in milliseconds on the clock that never goes back.
    func send(_ line: [UInt8], now: Int64) -> Fate {
        open(now: now)
        if attempt(line) { return passed() }
        // A daemon that was started anew has a new socket at the old place.
        if socket == nil { open(now: now) }
        if attempt(line) { return passed() }
        missed += 1
        return .missed
    }

    /// False: not now. The socket is given up if it leads nowhere any more.
    private func attempt(_ line: [UInt8]) -> Bool {
        guard let socket else { return false }
        let status = socket.send(line)
        guard status < 0 else { return true }
        if Datagrams.busy.contains(status) {
            cause = "\(path): the daemon does not keep up"
        } else {
            cause = "\(path): the daemon has gone"
            self.socket = nil
        }
        return false
    }

    private func passed() -> Fate {
        missed = 0
        cause = ""
        return .sent
    }
}
