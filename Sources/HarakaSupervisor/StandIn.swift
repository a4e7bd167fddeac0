// Who answers in place of a plugin that may not run.

/// The stand-in for a plugin under `tempfail`: which hooks it answers with DENYSOFT.
public enum StandIn {
    /// The hooks on which DENYSOFT holds mail back, to come again later.
    ///
    /// Left out, because DENYSOFT there holds back nothing, or too much:
    /// - its result is ignored: `connect_init`, `capabilities`, `quit`, `rset`, `queue_ok`, `reset_transaction`,
    ///   `disconnect`, `log`, `deny`, and all outbound hooks but `get_mx`;
    /// - no mail depends on it: `vrfy`, `noop` (which answers 250 to DENYSOFT anyway);
    /// - `max_data_exceeded` refuses in any case, and a 4xx would only make the client send the same again;
    /// - `unrecognized_command` answers 500 to DENYSOFT, and would refuse STARTTLS and AUTH of other plugins as well.
    ///   The same goes for hooks that plugins run with NEXT_HOOK (AUTH's): without them a client cannot log in, and so
    ///   may do less than before, never more;
    /// - `init_master`, `init_child` would keep the server from starting.
    ///
    /// `get_mx` does not refuse the client, but its DENYSOFT leaves mail in the queue; left out, mail would go where DNS
    /// says rather than where the plugin would have sent it.
    private static let refusing: Set<String> = [
        "lookup_rdns", "connect", "helo", "ehlo", "mail", "rcpt", "rcpt_ok", "data", "data_post", "queue",
        "queue_outbound", "get_mx",
    ]

    /// The hooks that the stand-in answers with DENYSOFT.
    ///
    /// - Parameters:
    ///   - known: what the plugin registered when it last ran; empty if it never came so far.
    ///   - noted: what its file says of itself without being run.
    /// - Returns: both, each once, in that order, as far as they can hold mail back. `connect` if there is nothing in
    ///   either: a plugin that crashes while it registers may have been going to decide anything, so no mail passes.
    ///   Empty if the plugin has hooks and none can hold mail back: it could not have refused any, so it can be
    ///   left out without danger. Names are spelled with `_`, as the core's.
    public static func hooks(forTempfail known: [String], noted: [String]) -> [String] {
        let all = known + noted
        if all.isEmpty { return ["connect"] }
        var seen: Set<String> = []
        return all.map { spelled($0) }.filter { refusing.contains($0) && seen.insert($0).inserted }
    }

    /// qpsmtpd's names have `-` where Haraka's have `_`; to the core both are one.
    private static func spelled(_ name: String) -> String {
        String(name.map { $0 == "-" ? "_" : $0 })
    }
}
