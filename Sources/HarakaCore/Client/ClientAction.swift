// What the client machine asks its driver to do.

/// Carried out in the order given. Nothing in it shows a password when it is printed.
public enum ClientAction: Sendable, Equatable {
    /// Whole lines, with CR LF. They hold no secret.
    case send([UInt8])
    /// The same, but they do: a log gets `shown` only.
    case sendSecret(ClientSecret)
    /// Shake hands; then `tlsEstablished` or `tlsFailed`. Bytes that have come already must not be read as what TLS
    /// brings; see ``ClientMachine/received(_:isLast:)``.
    case startTLS
    /// Send the message, dots doubled, and the final dot; call `messageSent` right before its last bytes go out.
    /// `needsDowngrade`: it is 8-bit, and the server takes 7 bits only.
    case sendMessage(needsDowngrade: Bool)
    /// Logged in, and nothing is awaited: `begin` or `quit` may be called. Comes again after each message whose outcome
    /// says `canContinue`, right behind it.
    case ready
    /// No message can be delivered over this connection. The machine says QUIT where that is still fit, and `close`
    /// then.
    case refused(ClientFailure)
    /// How the message went for each recipient.
    case done(ClientOutcome)
    /// For the administrator: something that was wanted is not to be had, and things go on without.
    case warn(String)
    /// Close the socket. Why, if that is worth a line in the log.
    case close(String?)
}
