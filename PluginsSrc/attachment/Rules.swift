// What is refused, and in which words.
import HarakaPluginKit

/// Why a mail is refused. The words are Haraka's.
enum Finding: Equatable, Sendable {
    /// A file of the mail or of an archive in it.
    case fileExtension(String)
    case contentType(String)
    case fileName(String)
    case archivedFileName(String)
    case problem(Problem)

    /// What the client is told.
    var words: String {
        switch self {
        case .fileExtension(let found): "Message contains disallowed file extension (\(printable(found)))"
        case .contentType(let found): "Message contains unacceptable content type (\(printable(found)))"
        case .fileName(let found), .archivedFileName(let found):
            "Message contains unacceptable attachment (\(printable(found)))"
        case .problem(.tooDeep): "Message contains nested archives exceeding the maximum depth"
        case .problem(.encrypted): "Message contains encrypted archive"
        case .problem(.unreadable), .problem(.tooLarge): "Error unpacking archive"
        }
    }

    /// For the results: the kind, and what it was about.
    var result: String {
        switch self {
        case .fileExtension(let found): "extension(\(printable(found)))"
        case .contentType(let found): "ctype(\(printable(found)))"
        case .fileName(let found): "filename(\(printable(found)))"
        case .archivedFileName(let found): "archive_filename(\(printable(found)))"
        case .problem(.tooDeep(let name)): "depth(\(printable(name)))"
        case .problem(.encrypted(let name)): "encrypted(\(printable(name)))"
        case .problem(.unreadable(let name, let cause)): "unpack(\(printable(name)): \(printable(cause)))"
        case .problem(.tooLarge(let name)): "too_large(\(printable(name)))"
        }
    }

    /// It may work another time, or with another configuration.
    var isTemporary: Bool {
        if case .problem(.unreadable) = self { return true }
        return false
    }

    /// Who may relay is not refused for an archive that cannot be read.
    func refuses(isRelaying: Bool) -> Bool { !(isTemporary && isRelaying) }

    var answer: Answer { isTemporary ? .denySoft(words) : .deny(words) }
}

/// What names and types are refused.
struct Rules {
    /// In lower case, without the dot.
    var disallowed: [String] = []
    /// Whether one of the expressions of a list matches.
    var typeMatches: (String) -> Bool = { _ in false }
    var nameMatches: (String) -> Bool = { _ in false }
    var archivedNameMatches: (String) -> Bool = { _ in false }

    /// The mail's own parts, in Haraka's order.
    func judge(names: [String], types: [String]) -> Finding? {
        if let found = names.lazy.compactMap({ disallowedExtension($0) }).first { return .fileExtension(found) }
        if let found = types.first(where: typeMatches) { return .contentType(found) }
        return names.first { matches($0, nameMatches) }.map { .fileName($0) }
    }

    /// Names in archives.
    func judge(archived names: some Sequence<String>) -> Finding? {
        for name in names {
            if let found = disallowedExtension(name) { return .fileExtension(found) }
            if matches(name, archivedNameMatches) { return .archivedFileName(name) }
        }
        return nil
    }

    /// As it stands in the name.
    private func disallowedExtension(_ name: String) -> String? {
        let name = tidied(name)
        guard let found = matchingExtension(name, disallowed) else { return nil }
        return String(Substring(name.utf8.suffix(found.utf8.count)))
    }

    /// Also without what does not count at its end.
    private func matches(_ name: String, _ isListed: (String) -> Bool) -> Bool {
        if isListed(name) { return true }
        let bare = tidied(name)
        return bare.utf8.count < name.utf8.count && isListed(bare)
    }
}
