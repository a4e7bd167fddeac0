// Where mail goes.
import CHarakaPluginKit

/// A host that takes mail, as the hook `get_mx` answers it. What is empty or 0 is left to the server.
///
///     plugin.hook("get_mx") { call in
///         call.text(0) == "example.com" ? .mx(MX("192.0.2.1", port: 2525)) : .continue
///     }
public struct MX: Equatable, Sendable {
    /// A name or an address, without brackets.
    public var exchange: String
    /// 0: 25, or 24 for LMTP.
    public var port: UInt32
    /// A unix socket, instead of ``exchange``.
    public var path = ""
    /// Smaller is tried first.
    public var priority: Int32 = 0
    public var isLMTP = false
    /// Nothing is sent without TLS and a certificate that is vouched for.
    public var requiresTLS = false
    /// STARTTLS is not used even if it is offered.
    public var avoidsTLS = false
    /// The address that the connection comes from.
    public var bind = ""
    /// The name for EHLO.
    public var helo = ""
    /// Empty: no AUTH.
    public var user = ""
    public var password = ""
    /// A mechanism; empty: the best that both can.
    public var authType = ""

    public init(_ exchange: String = "", port: UInt32 = 0) { (self.exchange, self.port) = (exchange, port) }

    /// A copy of what the host lends.
    init(_ lent: haraka_mx) {
        self.init(Text(lent.exchange).string, port: lent.port)
        priority = lent.priority
        isLMTP = lent.flags & HARAKA_MX_LMTP != 0
        requiresTLS = lent.flags & HARAKA_MX_TLS_REQUIRED != 0
        avoidsTLS = lent.flags & HARAKA_MX_NO_TLS != 0
        (path, bind, helo) = (Text(lent.path).string, Text(lent.bind).string, Text(lent.bind_helo).string)
        (user, password) = (Text(lent.auth_user).string, Text(lent.auth_pass).string)
        authType = Text(lent.auth_type).string
    }

    /// In the ABI's form, its texts laid out by `lay`.
    func laid(_ lay: (String) -> haraka_str) -> haraka_mx {
        var mx = haraka_mx()
        mx.size = MemoryLayout<haraka_mx>.size
        if isLMTP { mx.flags |= HARAKA_MX_LMTP }
        if requiresTLS { mx.flags |= HARAKA_MX_TLS_REQUIRED }
        if avoidsTLS { mx.flags |= HARAKA_MX_NO_TLS }
        (mx.priority, mx.port) = (priority, port)
        (mx.exchange, mx.path, mx.bind, mx.bind_helo) = (lay(exchange), lay(path), lay(bind), lay(helo))
        (mx.auth_user, mx.auth_pass, mx.auth_type) = (lay(user), lay(password), lay(authType))
        return mx
    }
}
