// What a hook or method is given.
import CHarakaPluginKit

/// One question of the host's. It cannot be kept: everything in it is lent until the hook function returns.
///
///     plugin.hook("rcpt") { call in
///         guard let recipient = call.address(0) else { return .continue }
///         return recipient.host == "example.com" ? .ok : .continue
///     }
public struct Call: ~Copyable {
    let pointer: UnsafePointer<haraka_call>

    init(_ pointer: UnsafePointer<haraka_call>) { self.pointer = pointer }

    /// On whose behalf the hook runs: for an inherited method, the child.
    public var plugin: Plugin { Plugin(handle: pointer.pointee.`self`) }
    /// The hook that runs, so that one closure can serve several.
    public var hook: Text { Text(pointer.pointee.hook) }

    public var connection: Connection {
        Connection(handle: pointer.pointee.connection, owner: pointer.pointee.`self`)
    }

    /// nil outside a transaction.
    public var transaction: Transaction? {
        guard pointer.pointee.transaction.bits != 0 else { return nil }
        return Transaction(handle: pointer.pointee.transaction, owner: pointer.pointee.`self`)
    }

    /// What this call is about: the queued mail, else the transaction, else the connection, else the server.
    public var object: Object { hmail?.object ?? transaction?.object ?? connection.object }

    /// Free data of this process, kept beyond connections.
    public var serverNotes: Notes { plugin.serverNotes }

    public var argumentCount: Int { pointer.pointee.argument_count }
    /// An argument; null if there are fewer.
    public func argument(_ index: Int) -> ValueView {
        guard index >= 0 else { return ValueView(haraka_null()) }
        return ValueView(haraka_argument(pointer, index))
    }
    /// An argument that is an address (`mail`, `rcpt`, `rcpt_ok`).
    public func address(_ index: Int) -> Address? { argument(index).address }
    /// An argument that is a text; empty if it is none.
    public func text(_ index: Int) -> Text { argument(index).text }

    /// Writes one line about this call. The text is not even built if nobody writes this level.
    public func log(_ level: LogLevel, _ text: @autoclosure () -> String) {
        guard level.isEnabled else { return }
        plugin.log(level, about: object, text())
    }

    /// A method's value for who invoked it. Texts and lists would have to outlive the method, so it is a boolean or a
    /// number; nothing happens if nobody wants it.
    public func setResult(_ on: Bool) { pointer.pointee.result?.pointee = haraka_boolean(on ? 1 : 0) }
    public func setResult(_ number: Int64) { pointer.pointee.result?.pointee = haraka_integer(number) }
}
