// The queue of a server that does not run: its folder's files.

import Glibc
import HarakaConfig
import HarakaCore
import HarakaQueue
import HarakaSpool
import SMTPSyntax

/// What needs no delivery worker: list, show, count, hold, release, delete; and taking a mail.
struct StoppedQueue: QueueSource {
    let folder: Folder

    func list(_ filter: QueueFilter, _ row: (ConfigValue) -> Void) throws {
        for one in try matches(filter) { row(one.value) }
    }

    func act(_ action: QueueAction, _ filter: QueueFilter) throws -> Int {
        switch action {
        case .retry, .bounce:
            throw QueueRefusal("no server runs in \(folder.path), and only a running one can deliver and report")
        case .hold: return try mark(filter, held: true)
        case .release: return try mark(filter, held: false)
        case .delete: return try delete(filter)
        }
    }

    func stats() throws -> ConfigValue {
        let rows = try matches(QueueFilter())
        let files = Set(rows.map(\.file))
        let states = rows.map { $0.value["state"]?.text ?? "" }
        func count(_ state: String) -> ConfigValue { .integer(Int64(states.count { $0 == state })) }
        let recipients = rows.reduce(0) { $0 + $1.numbers.count }
        var sizes: [String: Int64] = [:]
        for row in rows { sizes[row.file] = row.value["size"]?.integer ?? 0 }
        return .map([
            "in_progress": .integer(0), "waiting": count("waiting"), "deferred": count("deferred"),
            "held": count("held"), "messages": .integer(Int64(files.count)), "recipients": .integer(Int64(recipients)),
            "bytes": .integer(sizes.values.reduce(0, +)),
        ])
    }

    // MARK: files

    /// The folder, and its lock as long as the result is kept: a server that does not answer, or begins just now, may
    /// have it. Of a folder that is not there, nothing is made.
    private func open() throws -> (folder: QueueFolder, lock: QueueLock)? {
        guard access(folder.queue, F_OK) == 0 else { return nil }
        let queue = try folder.openQueue()
        guard let lock = try QueueLock.tryTake(folder.queue) else {
            throw QueueRefusal("a server that does not answer has the queue in \(folder.queue)")
        }
        return (queue, lock)
    }

    private func matches(_ filter: QueueFilter) throws -> [StoredRow] {
        guard let queue = try open() else { return [] }
        return try matches(filter, queue.folder)
    }

    private func matches(_ filter: QueueFilter, _ queue: QueueFolder) throws -> [StoredRow] {
        var found: [StoredRow] = []
        let now = QueueWords.now()
        let splits = OutboundFile.read(from: folder.coreDirectory).0.alwaysSplit
        _ = try queue.scan { mail in
            found += StoredRow.all(mail.mail, mail.states, now, splits: splits).filter { $0.matches(filter, now) }
            return true
        }
        found.sort { ($0.queueTime, $0.uuid) < ($1.queueTime, $1.uuid) }
        return filter.limit > 0 ? Array(found.prefix(filter.limit)) : found
    }

    /// A whole message is held or not: its file knows no domains.
    private func mark(_ filter: QueueFilter, held: Bool) throws -> Int {
        guard let queue = try open() else { return 0 }
        let rows = try matches(filter, queue.folder).filter { ($0.value["state"]?.text == "held") != held }
        for file in Set(rows.map(\.file)) { try queue.folder.append([.held(held)], to: file, sync: true) }
        return rows.count
    }

    /// Those recipients are done; a file whose recipients are all done goes.
    private func delete(_ filter: QueueFilter) throws -> Int {
        guard let queue = try open() else { return 0 }
        let rows = try matches(filter, queue.folder)
        for (file, rows) in Dictionary(grouping: rows, by: \.file) {
            let numbers = rows.flatMap(\.numbers)
            if try queue.folder.open(file).states.waiting.allSatisfy(numbers.contains) {
                try queue.folder.remove(file)
            } else {
                try queue.folder.append([.failed(numbers)], to: file, sync: true)
            }
        }
        return rows.count
    }

    /// `haraka sendmail` while no server runs: on disk when it returns. It is delivered when the server starts.
    func store(_ mail: OutgoingMail) throws {
        var mail = mail
        mail.addReceived()
        let bytes = mail.bytes
        var queued = QueuedMail(
            uuid: mail.uuid, queueTime: QueueWords.now(), from: mail.sender,
            to: mail.recipients.map { QueuedRecipient($0) }, origin: "sendmail", size: bytes.count)
        (queued.is8Bit, queued.isUTF8) = (mail.is8Bit, mail.isUTF8)
        do {
            try folder.openQueue(making: true).store(queued, head: bytes, EmptyMessage(), from: 0)
        } catch let error as QueueFolderError {
            throw SendmailFailure(error.code == EACCES ? ExitStatus.permission : ExitStatus.temporary, "\(error)")
        }
    }
}

extension Folder {
    /// The queue's folder, as the user who owns it: what root writes there, the server could not read.
    ///
    /// - Parameter making: one that is not there is made, for the user that smtp.ini lets the server be.
    func openQueue(making: Bool = false) throws -> QueueFolder {
        var found = stat()
        if stat(queue, &found) != 0 {
            guard making, mkdir(queue, 0o700) == 0 else { throw QueueRefusal("\(queue): \(errnoText())") }
            let owner = try Privileges.owner(of: SMTPSettings.read(from: coreDirectory).settings)
            if let owner, chown(queue, owner.0, owner.1) != 0 { throw QueueRefusal("\(queue): \(errnoText())") }
            stat(queue, &found)
        }
        if geteuid() == 0, found.st_uid != 0 {
            guard setegid(found.st_gid) == 0, seteuid(found.st_uid) == 0 else {
                throw QueueRefusal("cannot become the user of \(queue): \(errnoText())")
            }
        }
        return try QueueFolder(queue)
    }
}

/// All of the mail is in the head.
private final class EmptyMessage: MessageView {
    var size: Int { 0 }
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int { 0 }
}
