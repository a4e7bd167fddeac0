// Authentication-Results of our own: what plugins say about who sent a message, in one field. RFC 8601.

private let note = "authentication_results"
private let field = "Authentication-Results"

extension Connection {
    /// Adds `text` to what is said: about the transaction if there is one, else about the connection. Empty text adds
    /// nothing. Returns the value of the field so far, the connection's part first; "" if nothing was said.
    @discardableResult
    public func authResults(_ text: String) -> String {
        if !text.isEmpty {
            if let transaction {
                transaction.notes.append(.text(text), toListAt: note)
            } else {
                notes.append(.text(text), toListAt: note)
            }
        }
        let said = notes.authResults + (transaction?.notes.authResults ?? [])
        return said.isEmpty ? "" : ([local.host] + said).joined(separator: ";\r\n\t")
    }

    /// Before plugins judge the message: what a stranger says gets another name, and our own stands at the end.
    func addAuthResults(_ transaction: Transaction) {
        guard notes.mayHaveAuthResults || transaction.notes.mayHaveAuthResults else { return }
        let value = authResults("")
        if !value.isEmpty { transaction.edit(.addEnd(name: field, value: value)) }
    }

    /// Afterwards: with what the judges have added, at the top.
    func moveAuthResultsUp(_ transaction: Transaction) {
        guard notes.mayHaveAuthResults || transaction.notes.mayHaveAuthResults else { return }
        let value = authResults("")
        guard !value.isEmpty else { return }
        transaction.edit(.remove(name: field))
        transaction.edit(.addLeading(name: field, value: value))
    }
}

extension Notes {
    /// For each message: a look at the lengths of names, as most have no such note.
    fileprivate var mayHaveAuthResults: Bool {
        for index in root.entries.indices where root.entries[index].key.utf8.count == note.utf8.count { return true }
        return false
    }

    /// A list of texts; a plugin may have written a single one.
    fileprivate var authResults: [String] {
        switch root[note] {
        case .list(let items)?: items.map(\.description).filter { !$0.isEmpty }
        case .text(let text)?: text.isEmpty ? [] : [text]
        default: []
        }
    }
}
