// Who is offered STARTTLS.
import HarakaPluginKit

/// The settings as they are now, and clients whose handshake failed. Loop thread only.
final class Offers {
    let plugin: Plugin
    private var settings: TLSSettings
    private var failures = FailedHandshakes()

    init(_ plugin: Plugin, _ settings: TLSSettings) {
        (self.plugin, self.settings) = (plugin, settings)
        warn()
    }

    /// tls.ini is another one.
    func changed() {
        do throws(PluginError) {
            settings = try TLSSettings(of: plugin)
            plugin.log(.info, "tls.ini has changed")
            warn()
        } catch {
            plugin.log(.error, "tls.ini: for STARTTLS all stays as it was: \(error.cause)")
        }
    }

    /// Whether our rules let this client have it.
    func isAllowed(_ client: Connection) -> Bool {
        guard !settings.excludedPorts.contains(client.localPort) else { return false }
        guard !settings.excludedClients.isEmpty || settings.remembersFailures else { return true }
        // A client on a unix socket has no address: nothing about addresses counts.
        guard let address = IPAddress(client.remoteIP) else { return true }
        guard !settings.excludedClients.contains(address) else { return false }
        // On the submission port a client would have to send its password in the clear.
        guard settings.remembersFailures, client.localPort != submission else { return true }
        return !failures.contains(address, at: Plugin.monotonicClock)
    }

    /// A handshake with this client came to nothing.
    func failed(_ client: Connection) {
        guard settings.remembersFailures, let address = IPAddress(client.remoteIP) else { return }
        failures.insert(address, at: Plugin.monotonicClock, for: settings.memorySeconds * 1000)
        plugin.log(.notice, about: client.object, "no STARTTLS for this client in the next \(settings.memorySeconds) s")
    }

    /// One line, however many keys there are.
    private func warn() {
        guard !settings.idleKeys.isEmpty else { return }
        plugin.log(.warn, "tls.ini: [redis] \(settings.idleKeys.joined(by: ", ")): without effect, no redis is used")
    }
}

/// RFC 6409.
private let submission: Int64 = 587

/// Addresses of clients, each for a time. Holds the latest only, so that nobody can fill the memory. Times are milliseconds.
struct FailedHandshakes {
    static let capacity = 10_000
    private var ends: [IPAddress: Int64] = [:]
    /// Who came first goes first.
    private var order: [IPAddress] = []
    private var first = 0

    var count: Int { ends.count }

    func contains(_ address: IPAddress, at now: Int64) -> Bool { ends[address].map { $0 > now } ?? false }

    mutating func insert(_ address: IPAddress, at now: Int64, for time: Int64) {
        while first < order.count, let end = ends[order[first]], end <= now { removeFirst() }
        let end = now.addingReportingOverflow(time)
        guard ends.updateValue(end.overflow ? .max : end.partialValue, forKey: address) == nil else { return }
        order.append(address)
        if ends.count > Self.capacity { removeFirst() }
    }

    private mutating func removeFirst() {
        ends[order[first]] = nil
        first += 1
        // The gap in front is closed when it is as long as the rest.
        if first * 2 > order.count {
            order.removeFirst(first)
            first = 0
        }
    }
}
