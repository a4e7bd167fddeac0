// The lists of one phase of a session: who is welcome, then who is refused.
import HarakaPluginKit

/// What lists say.
enum Verdict: Equatable {
    case welcome, refused, unlisted
}

/// The lists of connect, helo, mail or rcpt, in Haraka's files.
final class Phase {
    private let name: String
    private let welcome: [ListFile], refused: [ListFile]

    /// Four files with one prefix, and those of a plugin that this one replaces.
    init(
        _ plugin: Plugin, _ name: String, prefix: String, entries kind: EntryKind,
        moreRefused: String? = nil, morePatterns: (welcome: String, refused: String)? = nil
    ) {
        func entries(_ file: String) -> ListFile { ListFile(plugin, file, .entries(kind)) }
        func patterns(_ file: String) -> ListFile { ListFile(plugin, file, .patterns) }
        self.name = name
        welcome =
            [entries(prefix + ".whitelist"), patterns(prefix + ".whitelist_regex")]
            + (morePatterns.map { [patterns($0.welcome)] } ?? [])
        refused =
            [entries(prefix + ".blacklist")] + (moreRefused.map { [entries($0)] } ?? [])
            + [patterns(prefix + ".blacklist_regex")] + (morePatterns.map { [patterns($0.refused)] } ?? [])
    }

    /// One file with expressions.
    init(_ plugin: Plugin, _ name: String, refusedPatterns: String) {
        self.name = name
        welcome = []
        refused = [ListFile(plugin, refusedPatterns, .patterns)]
    }

    /// From now on the lists follow their files.
    func watch() { for file in welcome + refused { file.watch() } }

    /// Looks a client or address up under all its names, and records the file that has one of them.
    func judge(_ subjects: [Text], _ results: Results) -> Verdict {
        func lists(_ file: ListFile) -> Bool { subjects.contains { file.contains($0) } }
        let (verdict, file) = firstFinding(welcome, refused, lists)
        switch verdict {
        case .welcome: results.pass(file?.name ?? "")
        case .refused: results.fail(file?.name ?? "")
        case .unlisted: results.message("unlisted(\(name))")
        }
        return verdict
    }
}

/// Who is welcome is not looked for among the refused. Generic, so that it is tried without files.
func firstFinding<File>(
    _ welcome: [File], _ refused: [File], _ lists: (File) -> Bool
) -> (verdict: Verdict, file: File?) {
    if let file = welcome.first(where: lists) { return (.welcome, file) }
    if let file = refused.first(where: lists) { return (.refused, file) }
    return (.unlisted, nil)
}
