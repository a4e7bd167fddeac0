// What the plugin host keeps for a live connection and its transaction.

import HarakaCore
import HarakaPluginABI

/// A connection's handle, generation, pointers of plugins, and the run of its hooks.
final class ConnectionState {
    unowned(unsafe) let host: PluginHost
    unowned let driver: any ConnectionDriver
    unowned(unsafe) let connection: Connection
    let generation: Generation
    private(set) var handle = Handle(bits: 0)
    var pointers = PointerNotes()
    /// Made with the first hook that has plugins; used again for every later one.
    private(set) var run: HookRun?
    /// In the fault page; 0: none.
    private(set) var faultIndex: UInt32 = 0
    /// The hook that runs now, for `connection.hook`.
    var currentHook = ""
    /// How somebody is about to authenticate: a plugin has said so before it said who.
    var authMethod = ""
    private var hasEnded = false
    /// The hooks of the connection's role.
    let hooks: HookTable
    /// A plugin has asked for another session on this connection; see `rename`.
    var mayChangeUUID = false
    private var uuidInFaultPage: String

    /// Questions that were asked while a hook was with a plugin, or with nobody's client; see `askAlone`.
    var lone: [LoneQuestion] = []

    /// With other servers, on behalf of this client.
    var dialogues: [PluginDialogue] = []

    /// - Parameter hooks: nil: those of the connection's role
    init(
        _ host: PluginHost, _ driver: any ConnectionDriver, _ generation: Generation, hooks: HookTable? = nil
    ) {
        self.host = host
        self.driver = driver
        connection = driver.connection
        self.generation = generation
        uuidInFaultPage = connection.uuid
        self.hooks = hooks ?? generation.hooks(of: driver.connection.role)
        guard let handle = host.connections.insert(self) else {
            self.handle = .nothing(.connection)
            return
        }
        self.handle = handle
        faultIndex = host.faults.setConnection(handle.slot, driver.connection)
    }

    func hookRun() -> HookRun {
        if let run { return run }
        let made = HookRun(host, self)
        run = made
        return made
    }

    /// Names the connection anew in the fault page, once it has another uuid.
    func rename() {
        guard connection.uuid != uuidInFaultPage else { return }
        mayChangeUUID = false
        uuidInFaultPage = connection.uuid
        _ = host.faults.setConnection(handle.slot, connection)
    }

    func end() {
        guard !hasEnded else { return }
        hasEnded = true
        run?.end()
        for one in lone { one.end() }
        for one in dialogues { one.connectionEnded() }
        host.connections.remove(handle)
        for one in pointers.take() { host.doom(one) }
        host.settleIfOutside()
    }

    /// A driver that forgot to end its connection must not leave a handle to nowhere.
    deinit { host.connections.remove(handle) }
}

/// A transaction's handle and pointers of plugins. Lives as long as the transaction.
final class TransactionState {
    unowned(unsafe) let host: PluginHost
    unowned let transaction: Transaction
    private(set) var handle = Handle(bits: 0)
    var pointers = PointerNotes()
    /// What plugins have to do with the body; made when the first one asks.
    private(set) lazy var bodyState: PluginBody = {
        hasBodyState = true
        return PluginBody(host, transaction)
    }()
    private(set) var hasBodyState = false

    private init(_ host: PluginHost, _ transaction: Transaction) {
        self.host = host
        self.transaction = transaction
        handle = host.transactions.insert(self) ?? .nothing(.transaction)
    }

    /// The state of `transaction`, made when a plugin first sees it.
    static func of(_ transaction: Transaction, _ host: PluginHost) -> TransactionState {
        if let state = transaction.pluginState { return unsafeDowncast(state, to: TransactionState.self) }
        let state = TransactionState(host, transaction)
        transaction.pluginState = state
        return state
    }

    /// The transaction ends in the middle of the session machine's work, so plugin code has to wait.
    deinit {
        host.transactions.remove(handle)
        if hasBodyState { bodyState.end() }
        for one in pointers.take() { host.doom(one) }
        host.settleSoon()
    }
}
