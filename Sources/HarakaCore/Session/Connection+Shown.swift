// What the Received field and logs say of a connection.

public import MailMessage
public import SMTPSyntax

extension Connection {
    /// The keyword of RFC 3848 for how mail came: `ESMTPSA`, `LMTPS` ...
    public var protocolName: String {
        ReceivedLine.protocolName(
            isExtended: isESMTP, isTLS: tls != nil, isAuthenticated: auth != nil, isLMTP: helloVerb == .lhlo)
    }

    /// The RFC's name of the TLS cipher suite, else OpenSSL's; nil without TLS.
    public var cipherName: String? { tls.map { $0.standardCipher.isEmpty ? $0.cipher : $0.standardCipher } }

    /// The Received field of a transaction (RFC 5321 section 4.4).
    /// - Parameter date: as RFC 5322 has it
    public func receivedLine(of transaction: Transaction, date: String) -> ReceivedLine {
        var line = ReceivedLine(transactionID: transaction.uuid, date: date)
        line.helloHost = helloHost
        line.rdns = remote.host
        if remote.info != remote.host { line.remoteInfo = remote.info }
        line.ip = remote.ip
        line.localHost = local.host
        line.localInfo = local.info
        line.protocolName = protocolName
        line.envelopeFrom = transaction.reversePath
        line.tlsCipher = cipherName
        if auth != nil { line.authBits = "(authenticated bits=0)" }
        return line
    }

    /// A command line as a log may show it: without what follows AUTH, or looks like the rest of such an exchange.
    public func shown(_ line: CommandLine) -> String { line.shown(afterAuth: hasSaidAuth) }
}
