// One message, from its parts to the answer.
import HarakaPluginKit

/// What the message holds, and what becomes of it. Loop thread only; archives are listed on another.
final class Inspection {
    private let plugin: Plugin
    private let transaction: Transaction
    private let settings: Settings
    private let rules: Rules
    private let turns: Turns
    private let isRelaying: Bool
    private var names: [String] = []
    private var types: [String] = []
    /// Parts that are to be listed, the next one last.
    private var archives: [(index: Int, name: String)] = []
    private var archivedNames: [String] = []
    private var unreadable: Finding?

    init(_ transaction: Transaction, isRelaying: Bool, _ files: CheckFiles) {
        self.transaction = transaction
        plugin = files.plugin
        settings = files.settings
        rules = files.rules
        turns = files.turns
        self.isRelaying = isRelaying
    }

    /// Looks at all parts and writes the notes.
    func collect(_ attachments: [Attachment]) throws(PluginError) {
        var rest = attachments[...]
        var noted: [Value] = []
        try transaction.body?.forEachPart { part throws(PluginError) in
            let (type, name) = (part.contentType.string, part.filename.string)
            types.append(type)
            if !name.utf8.isEmpty { names.append(name) }
            var attachment: Attachment?
            if let next = rest.first, next.index == part.index { attachment = rest.removeFirst() }
            if let attachment { noted.append(note(attachment, type, name)) }
            guard part.childCount == 0, mayBeArchive(part, attachment, type, name) else { return }
            archives.append((part.index, name.utf8.isEmpty ? type : name))
        }
        archives.reverse()
        transaction.notes.set("attachments", .list(noted))
        transaction.notes.set("attachment_ctypes", .list(types.map { .text($0) }))
        transaction.notes.set("attachment_files", .list(names.map { .text($0) }))
        transaction.notes.set("attachment_archive_files", .list([]))
    }

    private func note(_ attachment: Attachment, _ type: String, _ name: String) -> Value {
        plugin.log(
            .info, about: transaction.object,
            "file=\"\(printable(name))\" ctype=\"\(type)\" md5=\(attachment.md5) bytes=\(attachment.bytes)")
        return .map([
            ("ctype", .text(type)), ("filename", .text(name)), ("extension", .text(fileExtension(name))),
            ("md5", .text(attachment.md5)),
        ])
    }

    /// Told by its name, its type or its first bytes.
    private func mayBeArchive(_ part: Part, _ attachment: Attachment?, _ type: String, _ name: String) -> Bool {
        if hasExtension(tidied(name), settings.limits.extensions) { return true }
        guard settings.limits.detects else { return false }
        if isArchiveType(type) { return true }
        // A text with a name is a file to whoever reads the mail, but has not passed by as an attachment.
        let start = attachment?.start ?? (name.utf8.isEmpty ? [] : startOf(part))
        return looksLikeArchive(start)
    }

    private func startOf(_ part: Part) -> [UInt8] {
        guard let stream = try? part.open(.decoded) else { return [] }
        return [UInt8](unsafeUninitializedCapacity: signLength) { buffer, used in
            used = (try? stream.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
        }
    }

    /// Names and types first: they cost nothing.
    func start(_ next: consuming Next) {
        if let finding = rules.judge(names: names, types: types) { return refuse(finding, next) }
        transaction.results.pass("ctype")
        if !names.isEmpty { transaction.results.pass("filename") }
        guard !archives.isEmpty else { return next.continue() }
        // The server's own time limit would refuse in other words, and blame the plugin.
        let left = min(settings.timeout, next.millisecondsLeft - 500)
        listNext(Listing(settings.limits, Budget(milliseconds: left, settings.limits)), next)
    }

    /// One archive after the other, so that one mail takes one thread at most.
    private func listNext(_ listing: Listing, _ next: consuming Next) {
        guard let archive = archives.popLast() else { return finish(listing.names, next) }
        turns.take(next) { [self] next in list(archive, listing, next) }
    }

    private func list(_ archive: (index: Int, name: String), _ listing: Listing, _ next: consuming Next) {
        let stream: Stream
        do throws(PluginError) {
            guard let part = try transaction.body?.part(archive.index) else { throw PluginError("a part has gone") }
            stream = try part.open(.decoded)
        } catch {
            turns.done()
            // The client left meanwhile: there is nobody to answer.
            return error.status == HARAKA_E_HANDLE ? next.continue() : next.fail(error)
        }
        next.offload { () throws(PluginError) -> (Listing, Problem?) in
            var listing = listing
            do throws(Problem) { try listing.list(stream, name: archive.name) } catch {
                return (listing, error)
            }
            return (listing, nil)
        } then: { [self] outcome, next in
            turns.done()
            listed(outcome.0, outcome.1, next)
        }
    }

    private func listed(_ listing: Listing, _ problem: Problem?, _ next: consuming Next) {
        switch problem {
        case .tooDeep?, .encrypted?: return refuse(.problem(problem.unsafelyUnwrapped), next)
        // Something else may be wrong with the mail, for good.
        case .unreadable?: unreadable = unreadable ?? problem.map { .problem($0) }
        case .tooLarge?: skip(.problem(problem.unsafelyUnwrapped))
        case nil: break
        }
        listNext(listing, next)
    }

    private func finish(_ names: [String], _ next: consuming Next) {
        transaction.notes.set("attachment_archive_files", .list(names.map { .text($0) }))
        judge(names[...], next)
    }

    /// Some names at a time: other clients of this thread must not wait for ten thousand.
    private func judge(_ names: ArraySlice<String>, _ next: consuming Next) {
        if let finding = rules.judge(archived: names.prefix(1000)) { return refuse(finding, next) }
        let rest = names.dropFirst(1000)
        if !rest.isEmpty { return next.after(milliseconds: 0) { [self] next in judge(rest, next) } }
        if let unreadable { return refuse(unreadable, next) }
        transaction.results.pass("archive")
        next.continue()
    }

    private func skip(_ finding: Finding) {
        transaction.results.skip(finding.result)
        plugin.log(.warn, about: transaction.object, finding.result)
    }

    private func refuse(_ finding: Finding, _ next: consuming Next) {
        transaction.results.fail(finding.result)
        plugin.log(.info, about: transaction.object, finding.result)
        finding.refuses(isRelaying: isRelaying) ? next.answer(finding.answer) : next.continue()
    }
}
