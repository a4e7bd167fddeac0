// Messages that plugins hold on to, readable from any thread. docs/plugin-abi.md item 17.

import HarakaCore
import Synchronization

/// Handles of message views. Thread-safe: a queue plugin reads on a pool thread.
final class MessageTable: Sendable {
    private struct Held {
        let view: any MessageView
        var plugin: UInt64
    }
    private struct Contents {
        var held: [UInt64: Held] = [:]
        var last: UInt64 = 0
    }
    private let contents = Mutex(Contents())

    /// - Parameter plugin: whose it is: released at the end of its generation
    func retain(_ view: any MessageView, for plugin: UInt64) -> UInt64 {
        contents.withLock { contents in
            contents.last += 1
            let bits = Handle(.message, slot: 0, sequence: contents.last).bits
            contents.held[bits] = Held(view: view, plugin: plugin)
            return bits
        }
    }

    func find(_ bits: UInt64) -> (any MessageView)? { contents.withLock { $0.held[bits]?.view } }

    /// With the plugin that it was retained for.
    func held(_ bits: UInt64) -> (view: any MessageView, plugin: UInt64)? {
        contents.withLock { contents in contents.held[bits].map { ($0.view, $0.plugin) } }
    }

    /// False: no such message.
    func release(_ bits: UInt64) -> Bool { contents.withLock { $0.held.removeValue(forKey: bits) != nil } }

    /// Releases all that `plugin` left behind; returns how many.
    func releaseAll(of plugin: UInt64) -> Int {
        contents.withLock { contents in
            let left = contents.held.filter { $0.value.plugin == plugin }.map(\.key)
            for bits in left { contents.held[bits] = nil }
            return left.count
        }
    }
}
