// The plugin host of this process: what all its parts share. One event loop; everything here is on it unless said.

public import CHarakaFault
public import HarakaCore
import HarakaPluginABI
import Synchronization

/// Plugins of this process: the current generation, handles of live objects, and the way into and out of plugin code.
///
/// C functions carry no context, so the table given to plugins reaches the host through `PluginHost.shared`: one host
/// per process at a time.
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
    var hmails = HandleTable<HMailState>(.hmail)
    var clients = HandleTable<PluginDialogue>(.client)
    var timers = HandleTable<PluginWork>(.timer)
    var regexes = HandleTable<Regex>(.regex)
    var queries = HandleTable<PluginQuery>(.query)
    let messages = MessageTable()
    let streams = StreamTable()
    /// Bodies that plugins have to do with, by serial number.
    var bodies: [UInt64: PluginBody] = [:]
    var lastBody: UInt64 = 0
    /// What a filter may give its bytes to at this moment.
    var output: OpenOutput?
    var lastOutput: UInt64 = 0
    let identities = Mutex<[UInt64: PluginIdentity]>([:])
    let inbox: Inbox
    public internal(set) var serverNotes = Notes()
    /// Who answers plugins' questions for names; nil: dns/1 is not offered. Set before plugins are loaded.
    public var resolver: (any PluginResolver)? { didSet { isResolving.store(resolver != nil, ordering: .relaxed) } }
    private let isResolving = Atomic<Bool>(false)
    /// Any thread.
    var hasResolver: Bool { isResolving.load(ordering: .relaxed) }

    /// The queue, for plugins; nil: outbound/1 is not offered. Set before plugins are loaded. On the loop.
    public var outbound: (any PluginOutbound)? { didSet { isQueueing.store(outbound != nil, ordering: .relaxed) } }
    private let isQueueing = Atomic<Bool>(false)
    /// Any thread.
    var hasOutbound: Bool { isQueueing.load(ordering: .relaxed) }
    /// Dialogues with other servers, for plugins; nil: smtp_client/1 is not offered. As `outbound`.
    public var smtpClients: (any PluginSMTPClients)? {
        didSet { isConnecting.store(smtpClients != nil, ordering: .relaxed) }
    }
    private let isConnecting = Atomic<Bool>(false)
    /// Any thread.
    var hasSMTPClients: Bool { isConnecting.load(ordering: .relaxed) }

    /// The generation that new connections get.
    public internal(set) var generation: Generation?
    var liveGenerations: [Generation] = []
    var lastNumber = 0
    /// Shows a text as this process's title; empty: as it was started. Nil: that cannot be done here.
    public var setProcessTitle: ((String) -> Void)?
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
    /// What else waits for that, or came in the middle of it.
    var deferred = DeferredQueue()
    var willGoOn = false
    var isSettling = false
    var willSettle = false
    /// Runs that wait for a plugin, by the handle it was given.
    var waiting: [UInt64: HookRun] = [:]
    /// The run whose hook function is on the stack.
    unowned(unsafe) var calling: HookRun?
    /// The generation that is being built.
    var builder: GenerationBuilder?
    /// `stop` was called: nothing is built any more.
    var isStopping = false
    /// Generations whose plugins shut down at this moment.
    var endingGenerations: [Generation] = []
    /// Plugins that are over, and whose code may still be called, by their handle.
    var revoked: [UInt64: Plugin] = [:]
    /// Generations with plugins that are over and not unmapped yet.
    var unloads: [Generation] = []
    var willUnload = false
    var unloadTimer: (any HostTimer)?
    var unloaded = 0
    var inert = 0
    /// What plugins gave in place of configuration files.
    var supplied = SuppliedConfiguration()
    var configTimer: (any HostTimer)?
    /// results.ini, by plugin. On the loop.
    public var resultsShown: [String: ResultsShown] = [:]
    /// Who runs at this moment, where it survives the process.
    public let faults: FaultFrames
    var faultTimer: (any HostTimer)?
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
    ///   - page: shared with the supervisor; nil: the host makes one of its own
    public init(
        loop: any HostLoop, log: any PluginLog, configuration: any PluginConfiguration, roots: [String],
        version: String,
        page: UnsafeMutablePointer<haraka_fault_page>? = nil
    ) {
        self.loop = loop
        self.log = log
        self.configuration = configuration
        finder = PluginFinder(roots: roots)
        serverVersion = version
        inbox = Inbox(loop)
        faults = FaultFrames(page)
        hookIdentities = Hook.allCases.map { PluginIdentity($0.name) }
        hookNames = hookIdentities.map(\.nameText)
        versionIdentity = PluginIdentity(version)
        fillTable()
        PluginHost.shared = self
        faults.onInstall = { [weak self] in self?.startFaultWatch() }
    }

    /// Takes the table away from plugins: for tests that start one host after another.
    public func close() {
        faultTimer?.cancel()
        unloadTimer?.cancel()
        configTimer?.cancel()
        if PluginHost.shared === self { PluginHost.shared = nil }
    }

    func warn(_ level: Int32, _ plugin: String, _ uuid: String = "-", _ message: @autoclosure () -> String) {
        if log.isEnabled(level) { log.log(level, uuid: uuid, origin: plugin, message()) }
    }
}
