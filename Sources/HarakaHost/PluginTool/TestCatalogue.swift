// The tests of `plugin check`, by group.

/// One question about a plugin, answered in a process of its own.
struct PluginTest: Sendable {
    enum Group: String, CaseIterable, Sendable {
        /// The file, without running it.
        case `static`
        /// Mapping and registering.
        case load
        /// Each hook with arguments of all kinds.
        case contract
        /// Answers that take their time.
        case next
        /// Whole messages.
        case data
        /// Registering and shutting down again and again.
        case reload
    }

    let group: Group
    let name: String
    /// What holds if it passes.
    let what: String
    let body: @Sendable (TestRun) throws -> Void

    var id: String { "\(group.rawValue).\(name)" }

    init(_ group: Group, _ name: String, _ what: String, _ body: @escaping @Sendable (TestRun) throws -> Void) {
        self.group = group
        self.name = name
        self.what = what
        self.body = body
    }
}

enum TestCatalogue {
    static let all: [PluginTest] =
        StaticTests.file + StaticTests.linking + LoadTests.all + ContractTests.all + NextTests.all + DataTests.all
        + ReloadTests.all

    /// The tests of a group, one test, or all.
    static func select(_ only: String?) throws -> [PluginTest] {
        guard let only else { return all }
        let chosen = all.filter { $0.group.rawValue == only || $0.id == only }
        guard chosen.isEmpty else { return chosen }
        let groups = PluginTest.Group.allCases.map(\.rawValue).joined(separator: ", ")
        throw CommandError("there is no group of tests called \(only); the groups: \(groups)")
    }
}
