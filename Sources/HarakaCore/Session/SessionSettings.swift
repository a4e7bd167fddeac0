// What the session machine must know of the configuration.

/// The rules of one listener's sessions; docs/configuration.md.
public struct SessionSettings: Sendable {
    /// SIZE and the limit of a message's content; 0: none.
    public var maxBytes = 26_214_400
    public var maxRecipients = 1000
    public var maxReceived = 100
    public var isStrictRFC1869 = false
    public var offersSMTPUTF8 = true
    public var addsReceived = true
    /// Rename Authentication-Results fields of the client.
    public var cleansAuthResults = true
    /// "Haraka for Swift/1.2", or without the version.
    public var banner = "Haraka"
    public var greeting: [String] = []
    public var helloText = "Haraka is at your service."
    public var closeText = "closing connection. Have a jolly good day."
    public var uuidBannerCharacters = 6
    public var uuidDenyCharacters = 0
    /// ENHANCEDSTATUSCODES (RFC 2034); without, every byte is Haraka's.
    public var sendsEnhancedCodes = true
    /// LHLO, and a reply for each recipient (RFC 2033).
    public var isLMTP = false
    /// MAIL is for those who have authenticated or may relay. So it is on the ports 587 and 465 anyway.
    public var requiresAuth = false
    /// MAIL is for those who have begun TLS.
    public var requiresTLS = false
    /// So many protocol errors end the session; 0: no limit.
    public var maxErrors = 0
    /// So many recipients that were refused for good end the session; 0: no limit.
    public var maxRefusedRecipients = 0
    /// Turns a non-ASCII domain into its A-label form (RFC 5890); nil: not a domain.
    public var idna: @Sendable (String) -> String? = { _ in nil }

    public init() {}
}
