// Mailboxes as the host hands them out.

/// An RFC 5321 mailbox that belongs to the host, for the length of one call.
///
///     guard let sender = call.address(0), !sender.isNull else { return .continue }
///     if sender.host == "example.com" { ... }
public struct Address: @unchecked Sendable {
    let pointer: UnsafePointer<haraka_address>

    init(_ pointer: UnsafePointer<haraka_address>) { self.pointer = pointer }

    /// The null reverse-path `<>`.
    public var isNull: Bool { pointer.pointee.flags & HARAKA_ADDRESS_NULL != 0 }
    /// Whether it needs SMTPUTF8.
    public var isInternationalised: Bool { pointer.pointee.flags & HARAKA_ADDRESS_UTF8 != 0 }
    /// As the client wrote it, `<>` included.
    public var original: Text { Text(pointer.pointee.original) }
    /// The local part as written: a quoted one keeps its quotes.
    public var user: Text { Text(pointer.pointee.user) }
    /// The domain in lower case, internationalised ones as A-labels; empty for `<>` and `<postmaster>`.
    public var host: Text { Text(pointer.pointee.host) }
    /// The domain as written.
    public var originalHost: Text { Text(pointer.pointee.original_host) }
    /// `user@original_host`.
    public var address: Text { Text(pointer.pointee.address) }
}
