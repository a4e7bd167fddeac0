// Questions to the lists, and what is made of the answers.
import HarakaPluginKit

/// A name, and where it was mentioned.
struct Mention: Equatable {
    let purpose: Purpose
    let host: String

    init(_ purpose: Purpose, _ host: String) { (self.purpose, self.host) = (purpose, host) }
}

/// One question to one list.
struct Question: Equatable {
    let list: BlockList
    let purpose: Purpose
    /// The name or address that it is about, as clients are told.
    let shown: String
    /// What is asked for.
    let name: String
}

/// For whom: the hook's objects, which outlive its call.
struct Asking {
    private let plugin: Plugin
    let connection: Connection
    let results: Results

    init(_ call: borrowing Call) {
        plugin = call.plugin
        connection = call.connection
        results = call.transaction?.results ?? call.connection.results
    }

    func log(_ error: PluginError) { plugin.log(.crit, "lookup: \(error.cause)") }
}

/// Loop thread only.
struct Asker {
    let resolver: Resolver
    let rules: DomainRules
    let files: Files

    /// Whether the client is left alone.
    func skips(_ client: Connection) -> Bool {
        files.settings.skipsRelaying && client.isRelaying || files.settings.skipsPrivate && client.isPrivate
    }

    /// Milliseconds for lookups: the hook must be answered before its own time is over, or it refuses.
    func time(_ next: borrowing Next) -> Int64 { max(1, min(files.settings.limit, next.millisecondsLeft - 1000)) }

    func ask(_ mentions: [Mention], _ call: borrowing Call, _ next: consuming Next) throws(PluginError) {
        skips(call.connection) ? next.continue() : try ask(mentions, Asking(call), next)
    }

    /// All lists for all mentions at once.
    func ask(_ mentions: [Mention], _ asking: Asking, _ next: consuming Next) throws(PluginError) {
        let questions = questions(about: mentions)
        guard !questions.isEmpty else { return next.continue() }
        let asked = questions.map { (name: $0.name, type: RecordType.a) }
        try resolver.lookupAll(asked, for: next, timeout: time(next)) { answers, next in
            next.answer(conclude(questions, answers, asking.results))
        }
    }

    /// Those of each list that wants to be asked, each name once, and not too many.
    private func questions(about mentions: [Mention]) -> [Question] {
        var subjects: [(Purpose, Subject)] = []
        for mention in mentions where files.settings.wants(mention.purpose) {
            guard let subject = Subject(mention.host, rules), !files.isExcluded(subject) else { continue }
            subjects.append((mention.purpose, subject))
        }
        return files.settings.lists.flatMap { list in
            list.questions(about: subjects, limit: files.settings.mostNames, rules) {
                resolver.reverseName($0, zone: $1)
            }
        }
    }

    /// Records what the lists say; the first list of the file that has something refuses.
    private func conclude(_ questions: [Question], _ answers: [DNSAnswer], _ results: Results) -> Answer {
        var refusal: Answer?
        for (question, answer) in zip(questions, answers) {
            switch question.list.verdict(on: answer) {
            case .clean: continue
            case .unknown(let why): results.error("\(question.list.name): \(why)")
            case .nonsense(let address): files.hasTrouble(question.list, address)
            case .listed:
                results.fail(question.list.name)
                results.fail("\(question.purpose.rawValue)(\(question.shown))")
                if refusal == nil { refusal = .deny(question.list.words(about: question.shown)) }
            }
        }
        for purpose in Purpose.allCases where refusal == nil && questions.contains(where: { $0.purpose == purpose }) {
            results.pass(purpose.rawValue)
        }
        return refusal ?? .continue
    }
}
