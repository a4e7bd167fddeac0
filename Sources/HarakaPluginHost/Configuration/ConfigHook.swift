// Asking the hooks `config` and `user_config`: plugins that give configuration files from somewhere else. docs/hooks.md.

import Glibc
import HarakaCore
import HarakaPluginABI

extension PluginHost {
    /// plugins.ini `config_limit` and `config_cache`. On the loop.
    public func setConfigHook(limitMilliseconds: Int64, cacheMilliseconds: Int64) {
        supplied.limit = max(0, limitMilliseconds)
        supplied.lifetime = max(0, cacheMilliseconds)
    }

    /// What the plugins say about a file that `plugin` reads; nil: the file counts.
    ///
    /// While it registers, a plugin waits for those that need time, because what it reads then it may never read again; a
    /// server that runs never waits: it goes on with what was known, and who watches the file is told when that changes.
    func suppliedFile(_ name: String, _ type: Int32, for plugin: Plugin) -> SuppliedFile? {
        let key = SuppliedConfiguration.Key(name: name, type: type)
        let providers = providers(.config, plugin)
        guard !providers.isEmpty, !supplied.isAsking else { return nil }
        let isKnown = supplied[key].fetchedAt != nil
        if isKnown, supplied.lifetime > 0 {
            if !supplied.isFresh(key, now: Clock.monotonic()) { refreshSoon(key) }
            return supplied[key].file
        }
        guard !supplied[key].isAsked else { return supplied[key].file }
        askProviders(key, providers, waits: plugin.isRegistering)
        return supplied[key].file
    }

    /// The same for one user. Nil: it is not known yet; `later` was taken if the plugin gave one.
    func suppliedFile(
        _ key: SuppliedConfiguration.Key, for plugin: Plugin, later: PluginCallback?
    ) -> SuppliedFile?? {
        let providers = providers(.userConfig, plugin)
        guard !providers.isEmpty, !supplied.isAsking else { return .some(nil) }
        if supplied[key].fetchedAt != nil, supplied.isFresh(key, now: Clock.monotonic()) {
            return .some(supplied[key].file)
        }
        if !supplied[key].isAsked { askProviders(key, providers, waits: false) }
        if !supplied[key].isAsked { return .some(supplied[key].file) }
        guard let later else { return .some(supplied[key].file) }
        doom(plugin.watches.updateValue(later, forKey: PluginHost.watchName(key))?.pendingDestroy(of: plugin))
        supplied[key].waiting.append(plugin.handle.bits)
        return .none
    }

    /// Under a name that no file has.
    private static func watchName(_ key: SuppliedConfiguration.Key) -> String { "\u{0}\(key.user)\u{0}\(key.name)" }

    /// The plugins that are asked: not the one that reads.
    private func providers(_ hook: Hook, _ plugin: Plugin) -> [Handler] {
        let handlers = plugin.generation.hooks[hook]
        return handlers.isEmpty ? [] : handlers.filter { $0.plugin !== plugin }
    }

    /// Asks. Afterwards the answer is in `supplied`, or the question is open there.
    private func askProviders(_ key: SuppliedConfiguration.Key, _ providers: [Handler], waits: Bool) {
        let run = HookRun(self, nil)
        run.limit = supplied.limit
        supplied[key].isAsked = true
        let names = providers.map(\.plugin.name).joined(separator: " or ")
        run.completion = { [self] verdict in
            run.end()
            conclude(key, verdict, names)
        }
        let question =
            key.user.isEmpty
            ? Question.named(Hook.config.name, word: key.name, rest: PluginHost.typeName(key.type))
            : Question.named(Hook.userConfig.name, word: key.user, rest: key.name)
        supplied.isAsking = true
        let verdict = run.start(question, providers)
        supplied.isAsking = false
        if let verdict {
            run.completion?(verdict)
            run.completion = nil
        } else if waits {
            wait(for: run)
        }
    }

    /// Blocks the loop until the run is over: at most `config_limit`, as its timer cannot fire meanwhile. Only what the
    /// plugin that is asked has finished on other threads is taken from the inbox.
    private func wait(for run: HookRun) {
        let end = Clock.monotonic() + max(1, supplied.limit)
        while run.completion != nil, Clock.monotonic() < end {
            guard let current = run.current else { break }
            let outer = faults.enter(plugin: current.faultIndex, hook: run.faultHook)
            let items = inbox.take { $0.belongs(to: run, current.plugin) }
            for item in items { handle(item) }
            for one in deferred.take(of: current.plugin) { one.work() }
            faults.leave(outer)
            if ready.contains(where: { $0 === run }) {
                ready.removeAll { $0 === run }
                run.resumeAnswered()
            } else if items.isEmpty {
                usleep(500)
            }
        }
        if run.completion != nil { run.timedOut(run.handle) }
    }

    /// All plugins have been asked.
    private func conclude(_ key: SuppliedConfiguration.Key, _ verdict: Verdict, _ plugins: String) {
        var entry = supplied[key]
        let before = entry.file
        let isFirst = entry.fetchedAt == nil
        let waiting = entry.waiting
        entry.isAsked = false
        entry.waiting = []
        entry.fetchedAt = Clock.monotonic()
        switch PluginHost.file(verdict, plugins) {
        case .success(let file): entry.file = file
        case .failure(let problem):
            let rest = before == nil ? "the file counts" : "what it gave before counts"
            warn(HARAKA_LOG_ERROR, plugins, "-", "cannot supply config/\(key.name): \(problem.words); \(rest)")
        }
        supplied[key] = entry
        startRefreshing()
        tell(waiting, key)
        guard !isFirst, key.user.isEmpty, entry.file != before else { return }
        // Not now: this may be inside a host function that a plugin has called.
        loop.execute { [self] in configurationChanged([key.name]) }
    }

    private struct Problem: Error { let words: String }

    /// CONT: nobody gives it. OK: the value, or the words as a text.
    private static func file(_ verdict: Verdict, _ plugins: String) -> Result<SuppliedFile?, Problem> {
        switch verdict.code {
        case .cont: return .success(nil)
        case .ok:
            guard verdict.reply.value == .null else {
                return .success(SuppliedFile(verdict.reply.value, from: plugins))
            }
            guard !verdict.reply.isEmpty else { return .failure(Problem(words: "OK without a value")) }
            return .success(SuppliedFile(.text(verdict.reply.lines.joined(separator: "\n")), from: plugins))
        default:
            let words = verdict.reply.text
            return .failure(Problem(words: words.isEmpty ? verdict.code.name : words))
        }
    }

    private func tell(_ waiting: [UInt64], _ key: SuppliedConfiguration.Key) {
        for bits in waiting {
            guard let plugin = plugins.find(bits), !plugin.isRevoked,
                let callback = plugin.watches.removeValue(forKey: PluginHost.watchName(key))
            else { continue }
            doom(callback.pendingDestroy(of: plugin))
            enter(plugin, .config) { callback.run() }
        }
    }

    // MARK: keeping answers fresh

    private func refreshSoon(_ key: SuppliedConfiguration.Key) {
        guard !supplied[key].isAsked else { return }
        loop.execute { [self] in refresh(key) }
    }

    private func refresh(_ key: SuppliedConfiguration.Key) {
        guard let generation, !isStopping, !supplied[key].isAsked else { return }
        let providers = generation.hooks[.config]
        if !providers.isEmpty { askProviders(key, providers, waits: false) }
        settleIfOutside()
    }

    /// As long as there is anything to refresh: what changes at its source reaches who watches it.
    private func startRefreshing() {
        guard configTimer == nil, supplied.lifetime > 0, !isStopping else { return }
        configTimer = loop.schedule(after: supplied.lifetime) { [self] in
            configTimer = nil
            let old = supplied.entries.keys.filter { $0.user.isEmpty }
            for key in old { refresh(key) }
        }
    }

    private static func typeName(_ type: Int32) -> String {
        let names = ["", "value", "list", "data", "ini", "json", "binary", "yaml", "hjson"]
        return names.indices.contains(Int(type)) ? names[Int(type)] : ""
    }
}
