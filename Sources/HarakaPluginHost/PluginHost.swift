// The plugin host of this process: what all its parts share. One event loop; everything here is on it unless said.

public import HarakaCore
import HarakaPluginABI
import Synchronization

/// Plugins of this process: the current generation, handles of live objects, and the way into and out of plugin code.
///
/// C functions carry no context, so the table given to plugins reaches the host through `PluginHost.shared`: one host per
/// process at a time.
public final class PluginHost: @unchecked Sendable {
    nonisolated(unsafe) static var shared: PluginHost?

    public let loop: any HostLoop
    let log: any PluginLog
    let configuration: any PluginConfiguration
    let finder: PluginFinder
    let serverVersion: String

    var arena = Arena()
    let nexts = NextTable()
    var plugins = HandleTable<Plugin>(.plugin)
    var connections = HandleTable<ConnectionState>(.connection)
    var transactions = HandleTable<TransactionState>(.transaction)
    var timers = HandleTable<PluginWork>(.timer)
    var regexes = HandleTable<Regex>(.regex)
    let messages = MessageTable()
    let identities = Mutex<[UInt64: PluginIdentity]>([:])
    let inbox: Inbox
    public internal(set) var serverNotes = Notes()

    /// The generation that new connections get.
    public internal(set) var generation: Generation?
    var liveGenerations: [Generation] = []
    var lastNumber = 0
    /// Called when idle clients of that generation should be sent away.
    public var onEvict: ((Generation) -> Void)?
    /// Called with Haraka's `log` hook's line; see `runLogHook`.
    var isInLogHook = false
    /// The line that the `log` hook is shown.
    var logLine: ValueMap?

    /// Plugin code that is running, innermost last.
    var depth = 0
    var frame: Frame?
    /// Hook runs that were answered from a callback and go on when it has returned.
    var ready: [HookRun] = []
    /// Destroy functions that wait for the plugin to return: no host function calls plugin code before it returns.
    var doomed: [PendingDestroy] = []
    private var isSettling = false
    private var willSettle = false
    /// Runs that wait for a plugin, by the handle it was given.
    var waiting: [UInt64: HookRun] = [:]
    /// The run whose hook function is on the stack.
    unowned(unsafe) var calling: HookRun?
    /// The generation that is being built, for `inherits`.
    var building: (generation: Generation, prepared: PreparedPlugins)?
    /// Answers that are still thought about, by handle: to blame who answers late or twice.
    var blame = BlameBook()
    let hookNames: [haraka_str]
    private let hookIdentities: [PluginIdentity]
    private let versionIdentity: PluginIdentity
    var versionText: haraka_str { versionIdentity.nameText }
    /// The table, for the life of the process: plugins keep its address.
    let table = PluginHost.processTable
    nonisolated(unsafe) private static let processTable: UnsafeMutablePointer<haraka_host> = {
        let table = UnsafeMutablePointer<haraka_host>.allocate(capacity: 1)
        table.initialize(to: haraka_host())
        return table
    }()

    /// Where plugin code runs at this moment.
    struct Frame {
        let heldPlugin: Unmanaged<Plugin>
        var plugin: Plugin { heldPlugin.takeUnretainedValue() }
    }

    /// - Parameters:
    ///   - roots: folders with plugins, the user's first
    public init(
        loop: any HostLoop, log: any PluginLog, configuration: any PluginConfiguration, roots: [String], version: String
    ) {
        self.loop = loop
        self.log = log
        self.configuration = configuration
        finder = PluginFinder(roots: roots)
        serverVersion = version
        inbox = Inbox(loop)
        hookIdentities = Hook.allCases.map { PluginIdentity($0.name) }
        hookNames = hookIdentities.map(\.nameText)
        versionIdentity = PluginIdentity(version)
        fillTable()
        PluginHost.shared = self
    }

    /// Takes the table away from plugins: for tests that start one host after another.
    public func close() {
        if PluginHost.shared === self { PluginHost.shared = nil }
    }

    func warn(_ level: Int32, _ plugin: String, _ uuid: String = "-", _ message: @autoclosure () -> String) {
        if log.isEnabled(level) { log.log(level, uuid: uuid, origin: plugin, message()) }
    }

    // MARK: into plugin code and out of it

    /// Runs `body`, which calls code of `plugin`. What was lent is taken back afterwards; at the outermost return, hook
    /// runs that were answered meanwhile go on.
    func enter<Result>(_ plugin: Plugin, hook: String, _ body: () -> Result) -> Result {
        let mark = arena.mark
        let outer = frame
        frame = Frame(heldPlugin: .passUnretained(plugin))
        depth += 1
        let result = body()
        depth -= 1
        frame = outer
        arena.reset(to: mark)
        settleIfOutside()
        return result
    }

    /// Destroys what was replaced and resumes what was answered while plugin code ran.
    ///
    /// A loop, never a recursion: what a resumed run leaves behind is settled by the outermost call, so plugins that answer
    /// each other's hooks cannot use up the stack.
    private func settle() {
        guard !isSettling else { return }
        isSettling = true
        defer { isSettling = false }
        while !doomed.isEmpty || !ready.isEmpty {
            let dead = doomed
            doomed = []
            for one in dead { destroy(one) }
            if !ready.isEmpty { ready.removeFirst().resumeAnswered() }
        }
    }

    private func destroy(_ one: PendingDestroy) {
        let mark = arena.mark
        depth += 1
        one.run()
        depth -= 1
        arena.reset(to: mark)
    }

    func doom(_ one: PendingDestroy?) {
        guard let one, one.destroy != nil else { return }
        doomed.append(one)
    }

    /// Settles, unless plugin code is on the stack: then `enter` will.
    func settleIfOutside() { if depth == 0, !doomed.isEmpty || !ready.isEmpty { settle() } }

    /// Settles at the loop's next turn: for callers in whose middle no plugin code may run.
    func settleSoon() {
        guard !willSettle, !doomed.isEmpty || !ready.isEmpty else { return }
        willSettle = true
        loop.execute { [self] in
            willSettle = false
            settleIfOutside()
        }
    }

    // MARK: connections

    /// A connection begins with the current generation.
    public func begin(_ driver: any ConnectionDriver) {
        guard let generation else { return }
        generation.connectionCount += 1
        driver.connection.pluginState = ConnectionState(self, driver, generation)
    }

    /// A connection is over: its handle, pointers and answers are.
    public func end(_ connection: Connection) {
        guard let state = connection.pluginState as? ConnectionState else { return }
        connection.pluginState = nil
        state.end()
        let generation = state.generation
        generation.connectionCount -= 1
        endIfDone(generation)
    }

    /// The generation that this connection began with.
    public func generation(of connection: Connection) -> Generation? {
        (connection.pluginState as? ConnectionState)?.generation
    }
}

/// Blames late answers: the last plugins that were still thinking, by the handle they were given.
struct BlameBook {
    private var entries: [UInt64: (plugin: String, hook: String)] = [:]
    private var order: [UInt64] = []

    mutating func note(_ bits: UInt64, _ plugin: String, _ hook: String) {
        entries[bits] = (plugin, hook)
        order.append(bits)
        if order.count > 4096 {
            for old in order.prefix(2048) { entries[old] = nil }
            order.removeFirst(2048)
        }
    }

    func find(_ bits: UInt64) -> (plugin: String, hook: String)? { entries[bits] }
}
