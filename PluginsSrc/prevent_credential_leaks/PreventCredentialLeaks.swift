// prevent_credential_leaks: refuses mail in which a user sends his own name and password.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerPreventCredentialLeaks)
    }
#endif

public func registerPreventCredentialLeaks(_ plugin: Plugin) {
    plugin.hook("data") { call in
        if credentials(call.connection.notes) != nil { call.transaction?.parseBody() }
        return .continue
    }
    plugin.hook("data_post") { call, next in
        guard let transaction = call.transaction, let credentials = credentials(call.connection.notes) else {
            return next.continue()
        }
        next.searchTexts(of: transaction) { text throws(PluginError) -> Bool? in
            var finding = Finding(credentials)
            return try text.searchChunks { piece throws(PluginError) in finding.isComplete(with: piece) } ? true : nil
        } then: { found, next in
            transaction.results.set(found == nil ? "pass" : "fail", .text("leak"))
            guard found != nil else { return next.continue() }
            next.deny("Credential leak detected: never give out your username/password to anyone!")
        }
    }
}

/// nil if the client has not authenticated.
private func credentials(_ notes: Notes) -> Credentials? {
    Credentials(user: notes.get("auth_user").text.string, password: notes.get("auth_passwd").text.string)
}
