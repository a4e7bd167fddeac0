// bounce: is this message from nobody an answer to one of ours?
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerBounce)
    }
#endif

/// All hooks, whatever is switched off: a hook can only be added now, but bounce.ini may change at any time.
public func registerBounce(_ plugin: Plugin) {
    let files = BounceFiles(plugin)
    plugin.hook("mail") { call in receivedMail(call, files.settings) }
    plugin.hook("rcpt_ok") { call in acceptedRcpt(call, files) }
    plugin.hook("data") { call in beginsMessage(call, files.settings) }
    plugin.hook("data_post") { call throws(PluginError) in try receivedMessage(call, files) }
    files.watch()
}

/// The transaction, if it is a bounce from somebody who may not relay.
private func bounce(_ call: borrowing Call) -> Transaction? {
    guard let transaction = call.transaction, let sender = transaction.sender, sender.isNull else { return nil }
    return call.connection.isRelaying ? nil : transaction
}

/// What a check finds: recorded, and the answer if it refuses.
private func fails(_ transaction: Transaction, _ check: String, _ isRefused: Bool, _ words: String) -> Answer? {
    transaction.results.fail(check)
    return isRefused ? .deny(words) : nil
}

/// The hook `mail`: whether it is a bounce at all.
private func receivedMail(_ call: borrowing Call, _ settings: BounceSettings) -> Answer {
    guard let transaction = call.transaction, let sender = call.address(0) else { return .continue }
    transaction.results.set("isa", .boolean(sender.isNull))
    guard sender.isNull, !call.connection.isRelaying, settings.rejectsAll else { return .continue }
    return fails(transaction, "all_bounces", true, "Bounces not accepted here") ?? .continue
}

/// The hook `rcpt_ok`: addresses that never send what could be bounced.
private func acceptedRcpt(_ call: borrowing Call, _ files: BounceFiles) -> Answer {
    guard let transaction = bounce(call), let recipient = call.address(0) else { return .continue }
    guard files.badRecipients.contains(recipient.address) else {
        transaction.results.pass("bad_rcpt")
        return .continue
    }
    let words = "\(recipient.address.string) does not accept bounces"
    return fails(transaction, "bad_rcpt", files.settings.rejectsBadRecipient, words) ?? .continue
}

/// The hook `data`: by now all recipients are known, and this is the last chance to have the parts kept.
private func beginsMessage(_ call: borrowing Call, _ settings: BounceSettings) -> Answer {
    guard let transaction = call.transaction, let sender = transaction.sender, sender.isNull else { return .continue }
    if settings.validation != nil, !call.connection.isRelaying { transaction.parseBody() }
    guard settings.checksRecipients else { return .continue }
    // Mailing lists of some groupware come from nobody, too, for many at once, but from inside.
    if call.connection.isRelaying || call.connection.isPrivate {
        transaction.results.skip(call.connection.isRelaying ? "single_recipient(relay)" : "single_recipient(private)")
    } else if transaction.recipients.count > 1 {
        return fails(
            transaction, "single_recipient", settings.rejectsRecipients, "this bounce message has too many recipients")
            ?? .continue
    } else {
        transaction.results.pass("single_recipient")
    }
    return .continue
}

/// The hook `data_post`: what can be told from the message.
private func receivedMessage(_ call: borrowing Call, _ files: BounceFiles) throws(PluginError) -> Answer {
    let settings = files.settings
    guard let transaction = bounce(call) else {
        if call.connection.isRelaying, let validation = settings.validation, let transaction = call.transaction {
            try sign(transaction, validation)
        }
        return .continue
    }
    if isWelcome(transaction, files.whitelist) {
        transaction.results.pass("whitelist")
        return settings.skipsOthers ? .ok : .continue
    }
    if settings.checksReturnPath, let refusal = checkReturnPath(transaction, settings) { return refusal }
    guard let validation = settings.validation else { return .continue }
    return try validate(transaction, validation, settings)
}

/// Nil: nothing against it. What a program answers has an empty return path (RFC 3834).
private func checkReturnPath(_ transaction: Transaction, _ settings: BounceSettings) -> Answer? {
    let fields = transaction.headers.get("Return-Path")
    let isEmpty = (0..<fields.count).allSatisfy { fields[$0].text.isEmpty || fields[$0].text == "<>" }
    if isEmpty {
        transaction.results.pass("empty_return_path")
        return nil
    }
    return fails(
        transaction, "empty_return_path", settings.rejectsReturnPath, "bounce with non-empty Return-Path (RFC 3834)")
}

/// Whether every recipient awaits messages from nobody by this author.
private func isWelcome(_ transaction: Transaction, _ whitelist: Whitelist) -> Bool {
    guard !whitelist.isEmpty else { return false }
    let (from, recipients) = (transaction.headers.get("From"), transaction.recipients)
    let author = author(of: from[0].text)
    return recipients.count > 0
        && (0..<recipients.count).allSatisfy {
            whitelist.expects(recipients[$0].address?.address.string ?? "", from: author)
        }
}

/// The hash that the bounce quotes, then the date of the message that it was given to.
private func validate(
    _ transaction: Transaction, _ validation: Validation, _ settings: BounceSettings
) throws(PluginError) -> Answer {
    guard let body = transaction.body else {
        transaction.results.error("hash_validation: this host shows no MIME parts")
        return .continue
    }
    let quoted = try quotedFields(body)
    guard try validation.isProved(quoted) else {
        let check = quoted.hash.isEmpty ? "hash_validation(missing)" : "hash_validation"
        return fails(transaction, check, settings.rejectsHash, "invalid bounce") ?? .continue
    }
    transaction.results.pass("hash_validation")
    if settings.checksDate {
        guard validation.isRecent(quoted, now: Plugin.wallClock / 1000) else {
            return fails(transaction, "hash_date", settings.rejectsDate, "invalid bounce") ?? .continue
        }
        transaction.results.pass("hash_date")
    }
    return settings.skipsOthers ? .ok : .continue
}

/// Gives a message that goes out what a bounce of it will be known by.
private func sign(_ transaction: Transaction, _ validation: Validation) throws(PluginError) {
    func value(_ name: String) -> String { transaction.headers.get(name)[0].text.string }
    var fields = QuotedFields()
    (fields.from, fields.date, fields.messageID) = (value("From"), value("Date"), value("Message-ID"))
    guard fields.isComplete else { return transaction.results.skip("hash(no From, Date or Message-ID)") }
    transaction.headers.remove(QuotedFields.hashName)
    transaction.headers.add(QuotedFields.hashName, try validation.hash(of: fields))
}
