// A server of one plugin, for one test: the real plugin host with a loop, a log and clients that are the test's.

import Glibc
import HarakaCore
import HarakaPluginABI
import HarakaPluginHost

/// On the loop's thread, which is the test's.
final class Harness {
    let run: TestRun
    let loop = CheckLoop()
    let log = CheckLog()
    let configuration: CheckConfiguration
    let resolver: CheckResolver
    /// The test is about amounts and reloads, not about what a stranger is told.
    let hasManyClients: Bool
    let host: PluginHost
    private let before: ProcessState
    private var clients: [CheckClient] = []
    /// The longest that a hook function held the loop, in milliseconds.
    private(set) var longest: [String: Int64] = [:]
    private var number = 0
    /// Statuses that are no finding, because the test itself is the reason.
    var tolerated: Set<Int32> = []

    /// The most that a hook function logged: lines and bytes.
    private(set) var loudest: (hook: String, lines: Int, bytes: Int) = ("", 0, 0)

    /// Seconds that the plugin has for an answer.
    static let timeLimit = 4.0
    /// Milliseconds that `haraka_shutdown` may take at a plain stop.
    static let shutdownLimit: Int64 = 5000

    init(_ run: TestRun, _ kind: CheckConfiguration.Kind = .shipped) {
        self.run = run
        configuration = CheckConfiguration(kind, folder: "\(run.folder)/config")
        resolver = CheckResolver(loop)
        hasManyClients = ["data", "reload"].contains(run.group)
        host = PluginHost(
            loop: loop, log: log, configuration: configuration, roots: run.file.roots, version: "Haraka for Swift",
            page: run.faults)
        host.resolver = resolver
        host.outbound = CheckOutbound(loop, resolver)
        host.smtpClients = CheckServers(loop, resolver)
        TableSpy.install(on: host.hostTable)
        let report = run.report
        loop.willRun = { place in report.place = place }
        // Descriptors as a server has them: who closes what is not his own finds these.
        for _ in 0..<8 { _ = open("/dev/null", O_RDWR | O_CLOEXEC) }
        before = ProcessState()
    }

    // MARK: loading

    /// Maps and registers the plugin; nobody uses it yet.
    func build(timeout: Double = Harness.timeLimit) throws(PluginLoadError) -> Generation {
        run.at("while it was sealed")
        let prepared = try PluginLoader(roots: run.file.roots).prepare([run.file.name]) { _ in timeout }
        run.at("in haraka_register, or a constructor before it")
        defer { run.at("after haraka_register") }
        return try host.build(prepared)
    }

    /// Loads the plugin for the clients to come.
    @discardableResult
    func load(timeout: Double = Harness.timeLimit) throws(PluginLoadError) -> Generation {
        let generation = try build(timeout: timeout)
        // One that is ready before its first client, as at a server's start.
        for hook in [Hook.initMaster, .initChild] { askServer(hook, generation) }
        host.commit(generation)
        return generation
    }

    /// Hooks of the process rather than of a client.
    func askServer(_ hook: Hook, _ generation: Generation) {
        measured(hook.name) { _ = host.askServer(hook, of: generation) }
    }

    /// The hooks that the plugin registered on.
    static func hooks(_ generation: Generation) -> [String] { generation.summary.map(\.hook) }

    func connect() -> CheckClient {
        number += 1
        let client = CheckClient(self, number)
        clients.append(client)
        host.begin(client)
        return client
    }

    func mail(_ style: ArgumentStyle = .normal) -> CheckMail {
        number += 1
        return CheckMail(self, number, style)
    }

    func forget(_ client: CheckClient) { clients.removeAll { $0 === client } }

    /// Runs plugin code and notes how long it took.
    func measured<Result>(_ hook: String, style: ArgumentStyle = .normal, _ body: () -> Result) -> Result {
        run.at("in the hook \(hook)\(style.words)")
        _ = TableSpy.takeLogged()
        let began = CheckLoop.now()
        let result = body()
        let took = CheckLoop.now() - began
        longest[hook] = max(longest[hook] ?? 0, took)
        let logged = TableSpy.takeLogged()
        if logged.bytes > loudest.bytes { loudest = (hook, logged.lines, logged.bytes) }
        run.at("after the hook \(hook)\(style.words)")
        return result
    }

    func forgetTimes() { longest = [:] }

    // MARK: the end

    /// Ends clients and plugin as a stop of the server does. False: it did not shut down in time.
    @discardableResult
    func stop() -> Bool {
        for client in clients { client.leave() }
        clients = []
        run.at("in haraka_shutdown")
        var isDone = false
        host.stop(within: Harness.shutdownLimit) { isDone = true }
        let inTime = loop.run(atMost: Harness.shutdownLimit - 1000) { isDone }
        if !inTime {
            run.fail(
                "did not answer haraka_shutdown within \((Harness.shutdownLimit - 1000) / 1000) s",
                "return 0, or complete call->next when what is left has ended")
            loop.run(atMost: 2000) { isDone }
        }
        run.at("after haraka_shutdown")
        loop.run(atMost: 1000) { loop.isIdle }
        return inTime
    }

    enum Look {
        /// What the host complains of.
        case host
        /// And what has become of the process.
        case process
    }

    /// Stops, and makes findings of what is wrong.
    func finish(_ look: Look = .host) {
        stop()
        report(look)
    }

    /// Makes findings, without stopping first.
    func report(_ look: Look) {
        reportComplaints()
        reportStatuses()
        guard look == .process else { return }
        let after = ProcessState()
        for finding in after.damage(since: before) { run.report.add(finding) }
        // The job thread was there before; what else runs or is open was left by the plugin.
        for (text, advice) in after.remains(since: before) { run.warn("\(text), after haraka_shutdown", advice) }
    }

    /// Eight at most: a plugin that is wrong in one place is wrong each time it is asked.
    private func reportComplaints() {
        var seen: Set<String> = []
        for line in log.takeComplaints() where seen.insert(line.message).inserted && seen.count <= 8 {
            let isError = line.level <= HARAKA_LOG_ERROR
            let finding = Finding(
                status: isError ? .failed : .warning, text: "the host says: \(line.message)",
                advice: "docs/plugin-check.md explains what the host complains of")
            run.report.add(finding)
        }
        if TableSpy.dirtyReplyCount > 0 {
            run.fail(
                "a reply holds CR, NUL or another control character, which the server takes out",
                "clean what came from outside before it goes into a reply; LF begins a new line")
        }
    }

    /// What the host refused. A plugin that looks at its statuses may live with that, so most are warnings.
    private func reportStatuses() {
        let wrong = TableSpy.count(HARAKA_E_WRONG_THREAD).map(\.function)
        if !wrong.isEmpty {
            run.fail(
                "outside of the loop's thread it called \(wrong.joined(separator: ", "))",
                "use haraka_table->post to get back to the loop")
        }
        let names = [
            (HARAKA_E_HANDLE, "HARAKA_E_HANDLE", "keep no handle for longer than its object lives"),
            (HARAKA_E_ARGUMENT, "HARAKA_E_ARGUMENT", "look at the arguments, and at the status"),
            (HARAKA_E_STATE, "HARAKA_E_STATE", "plugin.h says when each function may be called"),
        ]
        for (status, name, advice) in names where !tolerated.contains(status) {
            let calls = TableSpy.count(status).map { "\($0.function)\($0.times > 1 ? " (\($0.times) times)" : "")" }
            if !calls.isEmpty { run.warn("was answered \(name) by \(calls.joined(separator: ", "))", advice) }
        }
        TableSpy.forget()
    }
}
