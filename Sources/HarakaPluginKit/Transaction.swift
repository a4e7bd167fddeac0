// One mail on its way in.
import CHarakaPluginKit

/// From MAIL to its end. Loop thread only.
///
///     guard let transaction = call.transaction else { return .continue }
///     transaction.headers.add("X-Seen", "yes")
public struct Transaction: Sendable {
    let handle: haraka_transaction
    let owner: haraka_self

    /// The same for notes, results, log lines and properties by number.
    public var object: Object { Object(handle: haraka_of_transaction(handle), owner: owner) }
    public var notes: Notes { object.notes }
    public var results: Results { object.results }
    public var headers: Headers { Headers(transaction: handle) }

    public var uuid: Text { object.property(HARAKA_TRAN_UUID).text }
    /// The reverse-path of MAIL.
    public var sender: Address? { object.property(HARAKA_TRAN_MAIL_FROM).address }
    /// The recipients accepted so far: a list of addresses.
    public var recipients: ValueView { object.property(HARAKA_TRAN_RCPT_TO) }
    /// Whether this transaction was allowed to go anywhere by a value of its own. What counts is the connection's
    /// `isRelaying`, which looks here first.
    public var isRelaying: Bool { object.property(HARAKA_TRAN_RELAYING).isTrue }
    /// Do not keep the message.
    public func discardData() throws(PluginError) {
        try object.set(property: HARAKA_TRAN_DISCARD_DATA, to: .boolean(true))
    }
    /// Content bytes so far.
    public var dataBytes: Int64 { object.property(HARAKA_TRAN_DATA_BYTES).integer(or: 0) }

    /// Whether this queue plugin was named for the mail (`transaction.notes.queue.wants`).
    public func wants(queue name: StaticString) -> Bool { notes.get("queue.wants").text == name }

    /// Whether a queue plugin of this name may take the mail: it was named for it, or none was.
    public func mayGo(toQueue name: StaticString) -> Bool {
        let wish = notes.get("queue.wants").text
        return wish.isEmpty || wish == name
    }

    /// The message as it stands now. From the hook `data_post` on.
    public func message() throws(PluginError) -> Message { try Message(of: handle) }
}

/// The header fields of a transaction's message. Loop thread only.
public struct Headers: Sendable {
    let transaction: haraka_transaction

    /// Adds a field after the others. Before DATA it waits for the message.
    public func add(_ name: String, _ value: String) { add(name, value, HARAKA_HEADER_END) }

    /// The same with a text that the host lent.
    public func add(_ name: String, _ value: Text) {
        name.lent { name in
            _ = haraka_kit_host().pointee.header_add(transaction, name, value.lent, HARAKA_HEADER_END)
        }
    }

    /// Adds a field before the others.
    public func addLeading(_ name: String, _ value: String) { add(name, value, HARAKA_HEADER_LEADING) }

    /// Removes all fields of that name.
    public func remove(_ name: String) {
        name.lent { _ = haraka_kit_host().pointee.header_remove(transaction, $0) }
    }

    /// A list of text, one per field, in order.
    public func get(_ name: String) -> ValueView {
        var value = haraka_null()
        name.lent { _ = haraka_kit_host().pointee.header_get(transaction, $0, &value) }
        return ValueView(value)
    }

    /// The same decoded to UTF-8 (RFC 2047, RFC 2231), folds undone.
    public func getDecoded(_ name: String) -> ValueView {
        var value = haraka_null()
        name.lent { _ = haraka_kit_host().pointee.header_get_decoded(transaction, $0, &value) }
        return ValueView(value)
    }

    /// A list of text: every field as it stands, `Name: value` with its folds, without the last line end.
    public var lines: ValueView {
        var value = haraka_null()
        _ = haraka_kit_host().pointee.header_lines(transaction, &value)
        return ValueView(value)
    }

    private func add(_ name: String, _ value: String, _ place: Int32) {
        name.lent { name in
            value.lent { value in _ = haraka_kit_host().pointee.header_add(transaction, name, value, place) }
        }
    }
}
