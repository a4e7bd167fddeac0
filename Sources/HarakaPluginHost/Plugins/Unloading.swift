// Unmapping what has ended, where that is safe. docs/plugin-abi.md item 24.

import HarakaPluginABI

/// Objects that may know each other's addresses, because they have acted for one plugin: a child and its parents, and
/// the other children of those. They go together or stay together.
private struct ObjectGroup {
    var plugins: [Plugin]
    var objects: [PluginObject]

    func shares(_ others: [PluginObject]) -> Bool {
        objects.contains { object in others.contains { $0 === object } }
    }
}

extension Generation {
    /// All its plugins and mapped objects in groups.
    fileprivate var groups: [ObjectGroup] {
        // An object whose plugin could not even be made.
        var groups = objects.values.map { ObjectGroup(plugins: [], objects: [$0]) }
        for plugin in allPlugins {
            var joined = ObjectGroup(plugins: [plugin], objects: plugin.views.map(\.object))
            for group in groups where group.shares(joined.objects) {
                joined.plugins += group.plugins
                for object in group.objects where !joined.shares([object]) { joined.objects.append(object) }
            }
            groups.removeAll { $0.shares(joined.objects) }
            groups.append(joined)
        }
        return groups
    }
}

extension PluginHost {
    private static let retryMilliseconds: Int64 = 1000

    /// Objects that were unmapped since the start. On the loop.
    public var unloadedCount: Int { unloaded }

    /// Objects of plugins that are over, and that stay mapped: for good, or until what is still inside comes back.
    public var inertCount: Int {
        inert
            + unloads.reduce(0) { sum, generation in
                let over = generation.groups.filter { group in group.plugins.allSatisfy(\.isRevoked) }
                return sum + over.flatMap(\.objects).count { $0.isMapped && !$0.isInert }
            }
    }

    /// Plugins of this generation are over: their code is to go.
    func unload(_ generation: Generation) {
        if !unloads.contains(where: { $0 === generation }) { unloads.append(generation) }
        scheduleUnloading()
    }

    /// Looks at the loop's next turn, where no plugin code is on the stack and nothing is half done.
    func scheduleUnloading() {
        guard !willUnload, !unloads.isEmpty else { return }
        willUnload = true
        loop.execute { [self] in
            willUnload = false
            unloadWhatCan()
        }
    }

    private func unloadWhatCan() {
        takePointers()
        settleIfOutside()
        guard depth == 0, doomed.isEmpty, ready.isEmpty, deferred.isEmpty else { return retryUnloading() }
        var left: [Generation] = []
        for generation in unloads {
            // Not a filter: unmapping runs destructors.
            var isThrough = true
            for group in generation.groups where !isSettled(group) { isThrough = false }
            if !isThrough { left.append(generation) }
        }
        unloads = left
        if !left.isEmpty { retryUnloading() }
    }

    private func retryUnloading() {
        guard unloadTimer == nil else { return }
        unloadTimer = loop.schedule(after: PluginHost.retryMilliseconds) { [weak self] in
            self?.unloadTimer = nil
            self?.scheduleUnloading()
        }
    }

    /// True: nothing is left to do for these. False: something of them is still inside.
    private func isSettled(_ group: ObjectGroup) -> Bool {
        guard group.plugins.allSatisfy(\.isRevoked) else { return true }
        guard
            group.objects.contains(where: { $0.isMapped && !$0.isInert }) || group.plugins.contains(where: isRevokedYet)
        else { return true }
        guard group.plugins.allSatisfy(isQuiet) else { return false }
        let isSafe = group.objects.allSatisfy { $0.verdict == .safe }
        for object in group.objects where object.isMapped && !object.isInert {
            if isSafe, unmap(object) {
                unloaded += 1
            } else {
                object.isInert = true
                inert += 1
            }
        }
        for plugin in group.plugins { forget(plugin, keepsName: !isSafe) }
        return true
    }

    private func isRevokedYet(_ plugin: Plugin) -> Bool { revoked[plugin.handle.bits] != nil }

    /// Nothing can call the plugin's code any more: no job, no post, no hook that waits for what it has answered.
    private func isQuiet(_ plugin: Plugin) -> Bool {
        plugin.jobsInside == 0 && plugin.identity.hasNoPosts
            && !waiting.values.contains { $0.current?.plugin === plugin }
    }

    private func unmap(_ object: PluginObject) -> Bool {
        depth += 1
        defer { depth -= 1 }
        return object.unmap()
    }

    /// A thread can live on in code that stays mapped, and asks with its handle.
    private func forget(_ plugin: Plugin, keepsName: Bool) {
        revoked[plugin.handle.bits] = nil
        if !keepsName { identities.withLock { $0[plugin.handle.bits] = nil } }
    }
}
