// What has to wait until the plugin that asked for it has returned: no host function calls plugin code before it returns.

/// Something that runs at the outermost return, in order.
struct Deferred {
    /// On whose behalf: its code stays mapped until then.
    let plugin: Plugin
    let work: () -> Void
}

/// First in, first out.
struct DeferredQueue {
    private var items: [Deferred] = []
    private var head = 0

    var isEmpty: Bool { head == items.count }

    mutating func append(_ one: Deferred) { items.append(one) }

    mutating func popFirst() -> Deferred? {
        guard head < items.count else { return nil }
        defer {
            head += 1
            if head == items.count {
                items.removeAll(keepingCapacity: head < 64)
                head = 0
            }
        }
        return items[head]
    }

    /// Those of one plugin, taken out.
    mutating func take(of plugin: Plugin) -> [Deferred] {
        let mine = items[head...].filter { $0.plugin === plugin }
        guard !mine.isEmpty else { return [] }
        items = items[head...].filter { $0.plugin !== plugin }
        head = 0
        return mine
    }
}

extension PluginHost {
    /// How many run in one turn of the loop: plugins whose answers come without waiting could ask for ever, and nobody else
    /// would have a turn.
    static let deferredPerTurn = 256

    /// Runs `work` as soon as no plugin code is on the stack.
    func afterReturn(of plugin: Plugin, _ work: @escaping () -> Void) {
        deferred.append(Deferred(plugin: plugin, work: work))
    }

    /// The rest at the loop's next turn, when clients that are ready have had theirs.
    func goOnWithDeferred() {
        guard !willGoOn, !deferred.isEmpty else { return }
        willGoOn = true
        loop.afterSockets { [self] in
            willGoOn = false
            settleIfOutside()
        }
    }
}
