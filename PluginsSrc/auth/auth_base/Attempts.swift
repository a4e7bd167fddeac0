// Failed attempts by address, in bounded memory: who guesses over many connections becomes slow.
import HarakaPluginKit

/// Two tables, of which the older is forgotten when the newer is full or its time is over. An address is remembered for one
/// window at least and two at most. Loop thread only.
final class Attempts {
    private let capacity: Int
    private var newer: [String: Int] = [:]
    private var older: [String: Int] = [:]
    private var began: Int64 = 0

    init(capacity: Int = 20_000) { self.capacity = max(1, capacity) }

    /// - Parameters:
    ///   - now, window: milliseconds.
    func failed(_ address: String, now: Int64, window: Int64) {
        turn(now, window)
        if newer[address] == nil, newer.count >= capacity { (older, newer, began) = (newer, [:], now) }
        newer[address, default: 0] += 1
    }

    func count(_ address: String, now: Int64, window: Int64) -> Int {
        turn(now, window)
        return (newer[address] ?? 0) + (older[address] ?? 0)
    }

    /// How many addresses are remembered.
    var size: Int { newer.count + older.count }

    private func turn(_ now: Int64, _ window: Int64) {
        guard now - began >= window else { return }
        older = now - began >= 2 * window ? [:] : newer
        newer = [:]
        began = now
    }

    /// An IPv6 client has its whole /64, so that is what is counted.
    static func key(_ ip: String) -> String {
        guard let parsed = IPAddress(ip), !parsed.isIPv4 else { return ip }
        return Digest.hex(Array(parsed.octets.prefix(8)))
    }
}

extension Settings {
    /// Milliseconds that every attempt of an address waits that has failed so often. Before the answer is known and whatever it
    /// is: who waits for a refusal only could leave when it does not come at once, and guess on.
    func delay(afterAddressFailures count: Int) -> Int64 {
        guard addressFailures > 0, count >= addressFailures else { return 0 }
        return min(maxDelay, 1000 << Int64(min(count - addressFailures, 20)))
    }

    /// Haraka: the n-th failure of a session waits 2^(n-1) seconds.
    func delay(afterSessionFailures count: Int) -> Int64 { min(maxDelay, 1000 << Int64(min(max(count - 1, 0), 20))) }
}
