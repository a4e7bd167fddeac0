// Who we are for a server that wants to know (RFC 4954). Nothing here is shown when it is printed.

/// A user and a password.
public struct ClientCredentials: Sendable, Equatable {
    public var user: String
    public var password: String
    /// The one mechanism to use, in any letter case; empty: the best that both sides have.
    public var mechanism: String
    /// PLAIN and LOGIN even without TLS, where everybody on the way can read the password.
    public var allowsPlaintext: Bool

    public init(user: String, password: String, mechanism: String = "", allowsPlaintext: Bool = false) {
        self.user = user
        self.password = password
        self.mechanism = mechanism
        self.allowsPlaintext = allowsPlaintext
    }
}

extension ClientCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "[hidden]" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Bytes for the server that nobody else may see.
public struct ClientSecret: Sendable, Equatable {
    /// Whole lines, with CR LF.
    public let bytes: [UInt8]
    /// For the log of the protocol, without line end: `AUTH PLAIN [hidden]`.
    public let shown: String

    init(_ line: String, shown: String) {
        bytes = Array(line.utf8) + [0x0D, 0x0A]
        self.shown = shown
    }
}

extension ClientSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { shown }
    public var debugDescription: String { shown }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
