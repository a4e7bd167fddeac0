// The recipients of a transaction, written.
import CHarakaPluginKit

extension Transaction {
    /// Replaces all recipients. Local part and domain are enough, as they are to be written; the host makes the rest. Throws
    /// if one of them is no address; then nothing has changed.
    ///
    ///     try transaction.setRecipients([(user: "ann", host: "example.com")])
    public func setRecipients(_ mailboxes: [(user: String, host: String)]) throws(PluginError) {
        let bytes = mailboxes.flatMap { Array($0.user.utf8) + Array($0.host.utf8) }
        let status = bytes.withUnsafeBytes { write(mailboxes, from: $0) }
        try PluginError.check(status, "recipients")
    }

    /// `bytes` holds all texts, one after the other.
    private func write(_ mailboxes: [(user: String, host: String)], from bytes: UnsafeRawBufferPointer) -> Int32 {
        var used = 0
        func lend(_ count: Int) -> haraka_str {
            defer { used += count }
            return Text(UnsafeRawBufferPointer(rebasing: bytes[used..<used + count])).lent
        }
        let addresses = mailboxes.map { mailbox in
            var address = haraka_address()
            address.size = MemoryLayout<haraka_address>.size
            address.user = lend(mailbox.user.utf8.count)
            address.host = lend(mailbox.host.utf8.count)
            return address
        }
        return addresses.withUnsafeBufferPointer { addresses in
            let items = addresses.indices.map { haraka_address_value(addresses.baseAddress?.advanced(by: $0)) }
            return items.withUnsafeBufferPointer { items in
                var list = haraka_list_value(items.baseAddress, items.count)
                return haraka_transaction_set(handle, HARAKA_TRAN_RCPT_TO, &list)
            }
        }
    }
}
