// Files that change while the server runs. docs/configuration.md "Live changes".

import Glibc
import HarakaConfig
import HarakaLog
import HarakaSupervisor

extension Supervisor {
    /// Configuration is always watched, plugins if plugins.ini says so.
    func watchFiles() {
        settling = Settling(quiet: configuration.pluginSettings.watchSettle)
        guard let files = FileWatch() else {
            return log(.warn, "files are not watched: \(errnoText()) (see fs.inotify.max_user_instances)")
        }
        files.add(folder.config)
        for root in folder.pluginRoots { files.add(root) }
        watch = files
        loop.watch(files.descriptor) { [unowned self] in filesChanged() }
        lookAtCertificates()
    }

    /// Certificates may be links to files elsewhere, of which no folder of ours tells when they are renewed.
    private func lookAtCertificates() {
        loop.after(60) { [unowned self] in
            guard !isStopping else { return }
            let (found, _, problems) = TLSMaterial.load(folder)
            if found != configuration.tls, !problems.contains(where: { $0.severity == .error }) {
                configurationChanged(["tls.ini"])
            }
            lookAtCertificates()
        }
    }

    private func filesChanged() {
        for path in watch?.changes() ?? [] where concernsUs(path) { settling.changed(path, at: PollLoop.now()) }
        waitUntilSettled()
    }

    private func concernsUs(_ path: String) -> Bool {
        if path.hasPrefix(folder.config + "/") || path == folder.config { return true }
        return configuration.pluginSettings.watch && path.hasSuffix(".so")
    }

    private func waitUntilSettled() {
        if let timer = settlingTimer { loop.cancel(timer) }
        settlingTimer = settling.dueAt.map { due in
            loop.after(due - PollLoop.now()) { [unowned self] in
                settlingTimer = nil
                guard let names = settling.take(at: PollLoop.now()) else { return waitUntilSettled() }
                settled(names)
            }
        }
    }

    private func settled(_ paths: [String]) {
        guard !isStopping else { return }
        let prefix = folder.config + "/"
        let files = paths.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        if !files.isEmpty { configurationChanged(files) }
        let plugins = paths.filter { !$0.hasPrefix(prefix) }
        let isListChanged = files.contains("plugins")
        if isListChanged, !configuration.pluginSettings.watch {
            log(.notice, "config/plugins has changed; haraka -c \(folder.path) --reload loads what it says")
        }
        guard configuration.pluginSettings.watch, isListChanged || !plugins.isEmpty else { return }
        let what =
            plugins.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
            + (isListChanged ? ["config/plugins"] : [])
        reloadByItself("\(what.joined(separator: ", ")) changed")
    }

    private func reloadByItself(_ why: String) {
        guard round == nil, committing == nil, replacing == nil else {
            loop.after(1) { [unowned self] in reloadByItself(why) }
            return
        }
        log(.notice, "\(why), loading the plugins anew")
        reload(liftingMeasures: false) { _ in }
    }

    // MARK: configuration

    private func configurationChanged(_ files: [String]) {
        for file in files { log(.info, "Reloading file: \(folder.config)/\(file)") }
        let new = Configuration.read(folder)
        if files.contains(where: { Configuration.isCore($0) || Configuration.isTLS($0) }) {
            guard new.errors.isEmpty else {
                for error in new.errors { log(.error, "\(error)") }
                return log(.error, "the configuration has mistakes; all settings stay as they were")
            }
            for key in new.smtp.restartDifferences(from: configuration.smtp) {
                log(.warn, "smtp.ini: \(key) has changed, which takes a restart of the server")
            }
            configuration = new
            new.configure(logger)
            settling = Settling(quiet: new.pluginSettings.watchSettle)
            folder.keepGoodConfiguration()
        }
        for worker in workers where worker.state != .draining { worker.link.send("config", files) }
    }

    /// A worker says which plugins have read a changed file while they were loaded, and do not watch it: pairs of plugin and
    /// file.
    func readOnlyAtLoad(_ fields: [String]) {
        let isNew = staleFiles.insert(fields).inserted
        guard isNew else { return }
        // All workers say the same.
        loop.after(2) { [unowned self] in staleFiles.remove(fields) }
        let pairs = stride(from: 0, to: fields.count - 1, by: 2).map { "\(fields[$0]) (\(fields[$0 + 1]))" }
        let what =
            "configuration has changed that is read only when a plugin is loaded: \(pairs.joined(separator: ", "))"
        guard configuration.pluginSettings.watch else {
            return log(.notice, "\(what); haraka -c \(folder.path) --reload")
        }
        reloadByItself(what)
    }
}
