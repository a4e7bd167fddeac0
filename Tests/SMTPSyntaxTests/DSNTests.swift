// Haraka's DSN constructors, one by one.

import SMTPSyntax
import Testing

/// What a constructor must give: its code, status and text (nil: the standard text of the status).
struct Row: Sendable {
    let make: @Sendable (String?, Int?) -> DSN
    let code: Int
    let status: String
    let text: String?

    init(_ make: @escaping @Sendable (String?, Int?) -> DSN, _ code: Int, _ status: String, _ text: String?) {
        self.make = make
        self.code = code
        self.status = status
        self.text = text
    }
}

@Suite("DSN")
struct DSNTests {
    static let rows = [
        Row(DSN.unspecified, 450, "4.0.0", nil),
        Row(DSN.addrUnspecified, 450, "4.1.0", nil),
        Row(DSN.addrBadDestMbox, 550, "5.1.1", nil),
        Row(DSN.noSuchUser, 550, "5.1.1", "No such user"),
        Row(DSN.addrBadDestSystem, 550, "5.1.2", nil),
        Row(DSN.addrBadDestSyntax, 550, "5.1.3", nil),
        Row(DSN.addrDestAmbigous, 450, "4.1.4", nil),
        Row(DSN.addrRcptOK, 250, "2.1.5", nil),
        Row(DSN.addrMboxMoved, 550, "5.1.6", nil),
        Row(DSN.addrBadFromSyntax, 550, "5.1.7", nil),
        Row(DSN.addrBadFromSystem, 550, "5.1.8", nil),
        Row(DSN.addrNullMX, 556, "5.1.10", nil),
        Row(DSN.mboxUnspecified, 450, "4.2.0", nil),
        Row(DSN.mboxDisabled, 550, "5.2.1", nil),
        Row(DSN.mboxFull, 450, "4.2.2", nil),
        Row(DSN.mboxMsgTooLong, 550, "5.2.3", nil),
        Row(DSN.mboxListExpansionProblem, 450, "4.2.4", nil),
        Row(DSN.sysUnspecified, 450, "4.3.0", nil),
        Row(DSN.sysDiskFull, 450, "4.3.1", nil),
        Row(DSN.sysNotAcceptingMail, 450, "4.3.2", nil),
        Row(DSN.sysNotSupported, 450, "4.3.3", nil),
        Row(DSN.sysMsgTooBig, 550, "5.3.4", nil),
        Row(DSN.sysIncorrectlyConfigured, 450, "4.3.5", nil),
        Row(DSN.netUnspecified, 450, "4.4.0", nil),
        Row(DSN.netNoAnswer, 450, "4.4.1", nil),
        Row(DSN.netBadConnection, 450, "4.4.2", nil),
        Row(DSN.netDirectoryServerFailed, 450, "4.4.3", nil),
        Row(DSN.tempResolverFailed, 450, "4.4.3", "Temporary address resolution failure"),
        Row(DSN.netUnableToRoute, 550, "5.4.4", nil),
        Row(DSN.netSystemCongested, 450, "4.4.5", nil),
        Row(DSN.netRoutingLoop, 550, "5.4.6", nil),
        Row(DSN.tooManyHops, 550, "5.4.6", "Too many hops"),
        Row(DSN.netDeliveryTimeExpired, 550, "5.4.7", nil),
        Row(DSN.protoUnspecified, 450, "4.5.0", nil),
        Row(DSN.protoInvalidCommand, 550, "5.5.1", nil),
        Row(DSN.protoSyntaxError, 550, "5.5.2", nil),
        Row(DSN.protoTooManyRcpts, 450, "4.5.3", nil),
        Row(DSN.protoInvalidCmdArgs, 550, "5.5.4", nil),
        Row(DSN.protoWrongVersion, 450, "4.5.5", nil),
        Row(DSN.authExchTooLong, 500, "5.5.6", nil),
        Row(DSN.mediaUnspecified, 450, "4.6.0", nil),
        Row(DSN.mediaUnsupported, 550, "5.6.1", nil),
        Row(DSN.mediaConvProhibited, 550, "5.6.2", nil),
        Row(DSN.mediaConvUnsupported, 450, "4.6.3", nil),
        Row(DSN.mediaConvLossy, 450, "4.6.4", nil),
        Row(DSN.mediaConvFailed, 450, "4.6.5", nil),
        Row(DSN.secUnspecified, 450, "4.7.0", nil),
        Row(DSN.secUnauthorized, 550, "5.7.1", nil),
        Row(DSN.badSenderIP, 550, "5.7.1", "Bad sender IP"),
        Row(DSN.relayingDenied, 550, "5.7.1", "Relaying denied"),
        Row(DSN.secListExpnProhibited, 550, "5.7.2", nil),
        Row(DSN.secConvFailed, 550, "5.7.3", nil),
        Row(DSN.secFeatureUnsupported, 550, "5.7.4", nil),
        Row(DSN.secCryptoFailure, 550, "5.7.5", nil),
        Row(DSN.secCryptoAlgoUnsupported, 450, "4.7.6", nil),
        Row(DSN.secMsgIntegrityFailure, 550, "5.7.7", nil),
        Row(DSN.secDKIMNoPass, 550, "5.7.20", nil),
        Row(DSN.secDKIMNotAcceptable, 550, "5.7.21", nil),
        Row(DSN.secDKIMNoAuthorMatch, 550, "5.7.22", nil),
        Row(DSN.secSPFFail, 550, "5.7.23", nil),
        Row(DSN.secSPFError, 451, "4.7.24", nil),
        Row(DSN.secRDNSFail, 550, "5.7.25", nil),
        Row(DSN.secMultiAuthFail, 550, "5.7.26", nil),
        Row(DSN.secNullMXSender, 550, "5.7.27", nil),
        Row(DSN.authInvalid, 535, "5.7.8", nil),
        Row(DSN.authTooWeak, 534, "5.7.9", nil),
        Row(DSN.authCryptRequired, 538, "5.7.11", nil),
        Row(DSN.authPassTransitionNeeded, 432, "4.7.12", nil),
        Row(DSN.authSucceeded, 235, "2.7.0", "Authentication Succeeded"),
        Row(DSN.authTempFail, 454, "4.7.0", "Temporary authentication failure"),
        Row(DSN.authRequired, 530, "5.7.0", "Authentication required"),
    ]

    @Test("each constructor has its code, its status and its text", arguments: rows)
    func constructors(row: Row) throws {
        let dsn = row.make(nil, nil)
        let status = try #require(EnhancedStatus(row.status))
        #expect(dsn.code == row.code)
        #expect(dsn.status == status)
        let text = row.text ?? status.standardText
        #expect(!text.isEmpty)
        #expect(dsn.reply == Reply(row.code, "\(row.status) \(text)", status: status))
    }

    @Test("a message takes the place of the text, a code that of the code and of the class")
    func ownMessageAndCode() {
        let dsn = DSN.addrBadDestMbox("go away", code: 450)
        #expect(dsn.reply == Reply(450, "4.1.1 go away", status: EnhancedStatus("4.1.1")))
        #expect(DSN.noSuchUser("", code: nil).reply.lines == ["5.1.1 No such user"])
    }

    @Test("a code that is no final reply is not taken", arguments: [0, 99, 199, 354, 399, 600, Int.min, Int.max])
    func badCode(code: Int) {
        #expect(DSN.secUnauthorized("x", code: code).code == 550)
        #expect(DSN.create(code, "x", 7, 1).reply.lines == ["4.7.1 x"])
    }

    @Test("each line of a message has the status in front")
    func lines() {
        #expect(DSN.create(550, "a\nb", 7, 1).reply.lines == ["5.7.1 a", "5.7.1 b"])
    }
}
