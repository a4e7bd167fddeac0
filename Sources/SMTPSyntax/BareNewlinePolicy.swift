// What to do with a CR or LF that is not part of a CR LF pair.

/// What happens to a bare CR or a bare LF, in command lines and in message content.
///
/// RFC 5321 section 2.3.8 allows CR and LF only as the pair CR LF. Servers that disagree about bare ones can be
/// played against each other ("SMTP smuggling"). Whatever the policy, the content of a message ends at
/// CR LF `.` CR LF and nowhere else; Haraka 3.1.6 also ends it at LF `.` CR LF.
public enum BareNewlinePolicy: String, Sendable, CaseIterable {
    /// The line or message is refused; its true end is still found, so that the session stays in step.
    case reject
    /// Each bare CR or bare LF of the content becomes CR LF. The line end made that way neither ends the message nor
    /// begins a line whose leading dot is removed.
    case replace
    /// Bare CR and bare LF are ordinary octets of the content. Only for systems that are known to need it.
    case accept
}
