// A user's name and password, and the search for both in one text.
import HarakaPluginKit

/// What must not be sent together. Held as long as one message is searched; no log line is ever made of it.
struct Credentials: Sendable {
    let user: ByteSearch
    let password: ByteSearch

    /// nil if there is nothing to look for.
    init?(user: String, password: String) {
        guard !user.isEmpty, !password.isEmpty else { return nil }
        // With its domain or without: whoever looks for less finds both.
        self.user = ByteSearch([local(user)], caseless: true)
        self.password = ByteSearch([password])
    }
}

/// Before the @, if there is something before it.
private func local(_ user: String) -> String {
    guard let at = user.utf8.firstIndex(of: 0x40), at > user.startIndex else { return user }
    return String(user[..<at])
}

/// How far the search in one text has come.
struct Finding {
    private let credentials: Credentials
    private var placeOfUser = ByteSearch.Place(), placeOfPassword = ByteSearch.Place()
    private var hasUser = false, hasPassword = false

    init(_ credentials: Credentials) { self.credentials = credentials }

    /// Whether both are there once this piece has been seen.
    mutating func isComplete(with piece: UnsafeRawBufferPointer) -> Bool {
        if !hasUser { hasUser = credentials.user.finds(in: piece, from: &placeOfUser) != nil }
        if !hasPassword { hasPassword = credentials.password.finds(in: piece, from: &placeOfPassword) != nil }
        return hasUser && hasPassword
    }
}
