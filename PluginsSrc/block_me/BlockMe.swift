// block_me: takes forwarded mail and blocks the sender of what was forwarded.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerBlockMe)
    }

    /// The generation ends when the last address is written.
    @c(haraka_shutdown)
    public func harakaShutdown(_ call: UnsafePointer<haraka_call>?) -> Int32 { jobs.shutDown(call) }
#endif

/// Of this copy of the plugin: each generation has its own. Loop thread only.
nonisolated(unsafe) private let jobs = Jobs()

public func registerBlockMe(_ plugin: Plugin) {
    plugin.hook("data") { call in
        guard let transaction = call.transaction, isForUs(call, transaction) else { return .continue }
        transaction.parseBody()
        return .continue
    }
    plugin.hook("data_post") { call, next in
        guard let transaction = call.transaction, isForUs(call, transaction) else { return next.continue() }
        let sender = transaction.sender?.address.string ?? ""
        let allowed = plugin.config.list("block_me.senders")
        guard (0..<allowed.count).contains(where: { isSame(allowed[$0].text, sender) }) else {
            return next.deny("You are not allowed to block mail, \(sender)")
        }
        next.searchTexts(of: transaction) { text throws(PluginError) -> String? in
            var lines = FromLines()
            try text.searchChunks { piece throws(PluginError) in lines.isFound(in: piece) }
            return lines.found ?? lines.last()
        } then: { address, next in
            if let address { return block(address, transaction, next) }
            next.plugin.log(.error, about: transaction.object, "no sender found in the forwarded mail")
            transaction.results.fail("no sender found")
            next.continue()
        }
    }
    for hook in ["queue", "queue_outbound"] {
        // Done its work: nobody wants to read it.
        plugin.hook(hook) { call in call.transaction?.notes.get("block_me").isTrue == true ? .ok : .continue }
    }
}

/// From somebody we trust, to this plugin's address alone.
private func isForUs(_ call: borrowing Call, _ transaction: Transaction) -> Bool {
    guard call.connection.isRelaying, transaction.recipients.count == 1,
        let recipient = transaction.recipients[0].address
    else { return false }
    let ours = call.plugin.config.value("block_me.recipient").text.trimmed
    return !ours.isEmpty && ours.equalsCaseless(recipient.address)
}

private func isSame(_ text: Text, _ string: String) -> Bool {
    !string.isEmpty && string.lend { text.trimmed.equalsCaseless($0) }
}

/// Puts the address into the list, then lets the message go to its end.
private func block(_ address: String, _ transaction: Transaction, _ next: consuming Next) {
    // Held by what follows the job, so that it is let go in any case, also when the client has left.
    let job = jobs.begin()
    next.offload { () -> PluginError? in
        do throws(PluginError) {
            try Folder(path: "config").append(line: address, to: "mail_from.blocklist")
            return nil
        } catch {
            return error
        }
    } then: { failure, next in
        defer { withExtendedLifetime(job) {} }
        if let failure {
            next.plugin.log(.error, about: transaction.object, failure.cause)
            transaction.results.error(failure.cause)
            return next.denySoft("The block list cannot be written, try again later")
        }
        next.plugin.log(.notice, about: transaction.object, "blocked \(address)")
        transaction.notes.set("block_me", .integer(1))
        transaction.results.pass("blocked \(address)")
        next.continue()
    }
}
