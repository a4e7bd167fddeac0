// Streams that plugins have open, readable from any thread.

import Synchronization

/// Handles of streams. Thread-safe: a scanner reads on a pool thread.
final class StreamTable: Sendable {
    /// More than any plugin reads at a time; it bounds what one that never closes can hold.
    static let maximum = 10_000

    private struct Held {
        let stream: MessageStream
        let plugin: UInt64
    }
    private struct Contents {
        var held: [UInt64: Held] = [:]
        var last: UInt64 = 0
    }
    private let contents = Mutex(Contents())

    enum Refusal: Error { case revoked, tooMany }

    /// - Parameter plugin: whose it is: closed at the end of its generation
    func open(_ stream: MessageStream, for plugin: UInt64, _ identity: PluginIdentity) throws(Refusal) -> UInt64 {
        try contents.withLock { contents throws(Refusal) in
            // Asked under the lock: `closeAll` comes after the flag, so no stream can slip in behind it.
            guard !identity.isRevoked.load(ordering: .sequentiallyConsistent) else { throw .revoked }
            guard contents.held.count < StreamTable.maximum else { throw .tooMany }
            contents.last += 1
            let bits = Handle(.stream, slot: 0, sequence: contents.last).bits
            contents.held[bits] = Held(stream: stream, plugin: plugin)
            return bits
        }
    }

    /// How many are open.
    var count: Int { contents.withLock { $0.held.count } }

    func find(_ bits: UInt64) -> MessageStream? { contents.withLock { $0.held[bits]?.stream } }

    /// False: no such stream.
    func close(_ bits: UInt64) -> Bool { contents.withLock { $0.held.removeValue(forKey: bits) != nil } }

    /// Closes all that `plugin` left behind; returns how many.
    func closeAll(of plugin: UInt64) -> Int {
        contents.withLock { contents in
            let left = contents.held.filter { $0.value.plugin == plugin }.map(\.key)
            for bits in left { contents.held[bits] = nil }
            return left.count
        }
    }
}
