// Loading plugins: at the start, and anew while clients are served. docs/plugin-abi.md items 21, 22.

import HarakaConfig
import HarakaPluginHost
import NIOCore
import NIOPosix

/// How a reload ended, for whoever asked.
struct ReloadResult: Sendable {
    let succeeded: Bool
    let text: String
    var lines: [String] { succeeded ? [text, "OK"] : [text, "ERROR"] }
}

/// Files are read, sealed and checked on a pool thread; mapped and registered on the loop; then one pointer changes.
final class Reloader: @unchecked Sendable {
    private let folder: Folder
    private let host: PluginHost
    private let log: HostLog
    private let loop: any EventLoop
    private let pool: NIOThreadPool
    /// On the loop.
    private var isReloading = false

    init(_ folder: Folder, _ host: PluginHost, _ log: HostLog, _ loop: any EventLoop, _ pool: NIOThreadPool) {
        self.folder = folder
        self.host = host
        self.log = log
        self.loop = loop
        self.pool = pool
    }

    /// Any thread but the loop; waits.
    func loadFirst(_ configuration: Configuration) throws {
        let prepared = try prepare(configuration)
        _ = try loop.submit { [self] in try install(prepared) }.wait()
    }

    /// Any thread. `done` is called on the loop.
    func reload(_ done: @escaping @Sendable (ReloadResult) -> Void) {
        loop.execute { [self] in
            guard !isReloading else {
                return done(ReloadResult(succeeded: false, text: "a reload is in progress already"))
            }
            isReloading = true
            pool.runIfActive(eventLoop: loop) { [self] in
                let configuration = Configuration.read(folder)
                guard let error = configuration.errors.first else { return try prepare(configuration) }
                throw CommandError("\(error)")
            }.flatMapThrowing { [self] prepared in
                try install(prepared)
            }.whenComplete { [self] result in
                isReloading = false
                done(report(result))
            }
        }
    }

    private func report(_ result: Result<Loaded, any Error>) -> ReloadResult {
        switch result {
        case .success(let loaded):
            let text = "plugins loaded, generation \(loaded.generation): \(loaded.names.joined(separator: " "))"
            log.log(5, uuid: "-", origin: "core", text)
            return ReloadResult(succeeded: true, text: text)
        case .failure(let error):
            let reason = (error as? CommandError)?.message ?? "\(error)"
            let text = "reload failed, everything stays as it was: \(reason)"
            log.log(3, uuid: "-", origin: "core", text)
            return ReloadResult(succeeded: false, text: text)
        }
    }

    private func prepare(_ configuration: Configuration) throws -> PreparedPlugins {
        let loader = PluginLoader(roots: folder.pluginRoots, ignoresBad: configuration.smtp.ignoreBadPlugins)
        return try loader.prepare(configuration.plugins) { name in
            configuration.timeouts[name]
                ?? readPluginTimeout(from: folder.configDirectory(ofPlugin: name), plugin: name).seconds
        }
    }

    private struct Loaded: Sendable {
        let generation: Int
        let names: [String]
    }

    /// On the loop.
    private func install(_ prepared: PreparedPlugins) throws -> Loaded {
        for notice in prepared.notices { log.log(notice.level, uuid: "-", origin: "core", notice.text) }
        let generation = try host.build(prepared)
        let verdict = host.askServer(.initMaster, of: generation)
        guard verdict.code == .cont || verdict.code == .ok else {
            host.discard(generation)
            throw CommandError("init_master returned error: \(verdict.reply.text)")
        }
        host.commit(generation)
        log.intercept(host)
        return Loaded(generation: generation.number, names: generation.names)
    }
}
