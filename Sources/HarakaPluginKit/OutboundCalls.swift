// The arguments of the hooks delivered, deferred and bounce.

/// What `delivered` is told: some recipients have the mail. Lent until the hook returns.
public struct Delivered {
    /// The arguments, as Haraka's list: host, ip, response, delay, port, mode, recipients, secured, authenticated.
    let item: (Int) -> ValueView

    /// The server that has it.
    public var host: Text { item(0).text }
    public var ip: Text { item(1).text }
    /// Its words.
    public var response: Text { item(2).text }
    /// Seconds since the mail was queued.
    public var delay: Double { item(3).number(or: 0) }
    public var port: Int64 { item(4).integer(or: 0) }
    public var isLMTP: Bool { item(5).text == "LMTP" }
    /// A list of addresses.
    public var recipients: ValueView { item(6) }
    public var isSecured: Bool { item(7).isTrue }
    public var isAuthenticated: Bool { item(8).isTrue }
}

/// What `deferred` is told: it did not go now, and will be tried again. Answer DENYSOFT with seconds to change when.
/// Lent until the hook returns.
///
///     plugin.hook("deferred") { call in
///         call.deferred.error.hasPrefix("greylisted") ? Answer(.denySoft, value: .integer(300)) : .continue
///     }
public struct Deferred {
    let map: ValueView

    /// Seconds until the next attempt.
    public var delay: Int64 { map["delay"].integer(or: 0) }
    public var error: Text { map["err"].text }
    /// Whom it is about, if not all.
    public var failed: [RecipientFailure] { failures(map["fail_recips"]) }
    /// The server that was asked last; empty: none.
    public var mx: Text { map["mx"].text }
}

/// What `bounce` is told: nobody will try again. Any answer but CONT means that no report is sent. Lent until the hook returns.
public struct Bounced {
    let map: ValueView

    public var error: Text { map["err"].text }
    /// Those who will never have it.
    public var failed: [RecipientFailure] { failures(map["bounced_rcpt"]) }
    /// Those of the same mail who will be tried again.
    public var deferred: [RecipientFailure] { failures(map["deferred_rcpt"]) }
    /// The server that was asked last; empty: none.
    public var mx: Text { map["mx"].text }
}

/// A recipient and why: Haraka's dsn_* members of the address. Lent until the hook returns.
public struct RecipientFailure {
    let map: ValueView

    /// `user@host`.
    public var address: Text { map["address"].text }
    public var user: Text { map["user"].text }
    public var host: Text { map["host"].text }
    /// `failed` or `delayed`.
    public var action: Text { map["dsn_action"].text }
    /// RFC 3463: `5.1.1`.
    public var status: Text { map["dsn_status"].text }
    /// Of the other server's reply; 0: it was not asked.
    public var code: Int64 { map["dsn_smtp_code"].integer(or: 0) }
    /// The other server's words.
    public var response: Text { map["dsn_smtp_response"].text }
    /// The other server's name.
    public var remote: Text { map["dsn_remote_mta"].text }
    /// For people.
    public var reason: Text { map["reason"].text }
}

private func failures(_ list: ValueView) -> [RecipientFailure] {
    (0..<list.count).map { RecipientFailure(map: list[$0]) }
}

extension Call {
    /// In the hook `delivered`.
    public var delivered: Delivered {
        // One argument that is a list, or as many arguments as there are facts.
        let arguments = (0..<argumentCount).map { argument($0) }
        if arguments.count == 1, let list = arguments.first { return Delivered { list[$0] } }
        return Delivered { arguments.indices.contains($0) ? arguments[$0] : ValueView(nil) }
    }
    /// In the hook `deferred`.
    public var deferred: Deferred { Deferred(map: argument(0)) }
    /// In the hook `bounce`.
    public var bounced: Bounced { Bounced(map: argument(0)) }
}
