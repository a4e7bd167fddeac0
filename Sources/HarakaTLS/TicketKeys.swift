// The keys of session tickets (RFC 5077, section 4): one ratchet, the same in all workers, that forgets.

import CSSL
import Glibc
import Synchronization

/// Keys for session tickets, changed every period.
///
/// Every process that was given the same secret has the same keys at the same time, so that a client may resume with
/// another worker than it began with. The secret is replaced by a hash of itself as time goes on: whoever steals it
/// can read tickets of the period before and later ones, none that are older (forward secrecy).
///
/// Tickets of the running and of the period before are read; a client with one of the latter gets a new one. Any
/// thread.
public final class TicketKeys: Sendable {
    /// What encrypts the tickets of one period.
    struct Keys: Sendable, Equatable {
        /// Shown in the clear at the front of a ticket: 16 bytes.
        var name: [UInt8]
        /// AES-256.
        var cipher: [UInt8]
        /// HMAC-SHA-256.
        var mac: [UInt8]
    }

    /// The secret that the period *before* the running one began with, since its tickets are still read.
    private struct Ratchet: Sendable {
        var secret: [UInt8]
        /// When the secret's period began; seconds since 1970.
        var began: Int64
        var previous: Keys
        var current: Keys
    }

    /// Seconds that a key makes tickets for.
    let period: Int64
    private let ratchet: Mutex<Ratchet>
    private let clock: @Sendable () -> Int64

    /// - Parameters:
    ///   - secret: 32 random bytes, or the first half of ``state``.
    ///   - epoch: Seconds since 1970: when the secret was made (its first key serves two periods), or the second half
    ///     of ``state``.
    ///   - period: Seconds that a key makes tickets for; at least 1.
    public convenience init(secret: [UInt8], epoch: Int64, period: Int64 = 3600) {
        self.init(secret: secret, epoch: epoch, period: period) { Int64(time(nil)) }
    }

    init(secret: [UInt8], epoch: Int64, period: Int64 = 3600, clock: @escaping @Sendable () -> Int64) {
        self.period = max(1, period)
        self.clock = clock
        ratchet = Mutex(Self.begin(secret, epoch))
    }

    /// What to give to a process that is started now, instead of the secret that all began with.
    public var state: (secret: [UInt8], epoch: Int64) {
        withCurrent { ($0.secret, $0.began) }
    }

    /// Keys for new tickets.
    var current: Keys { withCurrent { $0.current } }

    /// The keys that a ticket was made with, by the name at its front; nil: too old, or not ours.
    func keys(named name: UnsafeRawBufferPointer) -> (keys: Keys, isOld: Bool)? {
        withCurrent { ratchet in
            if name.elementsEqual(ratchet.current.name) { return (ratchet.current, false) }
            if name.elementsEqual(ratchet.previous.name) { return (ratchet.previous, true) }
            return nil
        }
    }

    private func withCurrent<Result: Sendable>(_ body: (Ratchet) -> Result) -> Result {
        let now = clock()
        return ratchet.withLock { ratchet in
            Self.turn(&ratchet, to: now, period: period)
            return body(ratchet)
        }
    }

    private static func begin(_ secret: [UInt8], _ epoch: Int64) -> Ratchet {
        let next = derive(secret, "next")
        return Ratchet(secret: secret, began: epoch, previous: keys(secret), current: keys(next))
    }

    /// Forgets what is older than the period before that of `now`. A clock that was set back changes nothing.
    private static func turn(_ ratchet: inout Ratchet, to now: Int64, period: Int64) {
        // The secret's own period is the one before the running one, so it may be two periods old.
        while case let (age, overflow) = now.subtractingReportingOverflow(ratchet.began), !overflow,
            age / 2 >= period
        {
            let next = derive(ratchet.secret, "next")
            forget(&ratchet.secret)
            ratchet = begin(next, ratchet.began &+ period)
        }
    }

    private static func keys(_ secret: [UInt8]) -> Keys {
        Keys(
            name: Array(derive(secret, "name").prefix(16)), cipher: derive(secret, "cipher"),
            mac: derive(secret, "authentication"))
    }

    /// HMAC-SHA-256 of the purpose: 32 bytes that say nothing of the secret nor of each other.
    private static func derive(_ secret: [UInt8], _ purpose: String) -> [UInt8] {
        let text = Array("session tickets: \(purpose)".utf8)
        var result = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 32
        _ = HMAC(EVP_sha256(), secret, Int32(clamping: secret.count), text, text.count, &result, &count)
        return result
    }

    private static func forget(_ secret: inout [UInt8]) {
        secret.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }
}
