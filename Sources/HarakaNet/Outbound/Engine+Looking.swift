// How the engine learns of mails: the folder is looked through at the start, and then other workers tell of what they
// have queued. docs/processes.md "The queue".

import HarakaCore
import HarakaQueue
import HarakaSpool
import NIOCore

extension OutboundEngine {
    /// Reads the head of every file in the folder that is not known yet.
    public func lookThrough() {
        guard lock != nil, !isStopping else { return }
        guard !look.isUnderWay else { return look.isWantedAgain = true }
        look.begin()
        // In batches: a hundred thousand mails one by one would be as many tasks for the loop, and all at once would
        // hold it for a second.
        let folder = outbox.folder
        nonisolated(unsafe) let engine = self
        net.offload {
            var batch: [FoundMail] = []
            func hand() {
                let found = batch
                batch = []
                engine.loop.execute { engine.add(found) }
            }
            let report = Result {
                try folder.scan { mail in
                    batch.append(mail)
                    if batch.count == 256 { hand() }
                    return true
                }
            }
            hand()
            engine.loop.execute { engine.lookedThrough(report) }
        }
    }

    private func add(_ found: [FoundMail]) {
        for one in found { add(one.mail, one.states) }
        wake()
    }

    /// News of a mail, from whichever way it came; of one that is known it is none.
    private func add(_ mail: QueuedMail, _ states: RecipientStates) {
        // What was read while its file was on its way out says what no longer holds.
        guard !look.hasLeft(mail.uuid) else { return }
        if states.isOver { return carryOut(.remove(mail.uuid)) }
        guard machine.add(mail, states, now: OutboundEngine.now()) else { return }
        if suspects.isCondemned(mail.uuid) { quarantine(mail.uuid) }
    }

    private func lookedThrough(_ report: Result<ScanReport, any Error>) {
        switch report {
        case .success(let report):
            look.hasEnded = true
            for (name, reason) in report.torn {
                log.log(1, uuid: "-", origin: "core", "damaged queue file set aside as error.\(name): \(reason)")
            }
            for (name, reason) in report.unreadable {
                log.log(1, uuid: "-", origin: "core", "queue file \(name) cannot be read, it is tried again: \(reason)")
            }
            if !report.unreadable.isEmpty { lookAgain() }
            let stats = machine.stats
            if stats.messages > 0 {
                log.log(
                    5, uuid: "-", origin: "core", "queue: \(stats.messages) messages for \(stats.recipients) recipients"
                )
            }
        case .failure(let error):
            // Mail that other workers hint at is delivered meanwhile.
            log.log(1, uuid: "-", origin: "core", "the queue folder cannot be read, it is tried again: \(error)")
            lookAgain()
        }
        for uuid in look.end() { found(uuid) }
        tellAskers()
        if look.isWantedAgain {
            look.isWantedAgain = false
            lookThrough()
        }
        wake()
    }

    /// After a while, in which the disk may have come to its senses.
    private func lookAgain() {
        nonisolated(unsafe) let engine = self
        loop.scheduleTask(in: clerk.pause * 2) { engine.lookThrough() }
    }

    /// Another worker has queued a mail. Said of one that is known, or on its way out, it is nothing new.
    /// While the folder is being looked through it waits for the end of that, which may find the mail by itself.
    public func found(_ uuid: String) {
        guard lock != nil, !isStopping, !machine.contains(uuid) else { return }
        guard !look.isUnderWay else { return look.early.append(uuid) }
        guard look.asks(uuid) else { return }
        let folder = outbox.folder
        nonisolated(unsafe) let engine = self
        net.offload {
            // Head and records: the message is read when its turn comes.
            let found: Result<FoundMail, QueueFolderError>
            do throws(QueueFolderError) { found = .success(try folder.look(at: uuid)) } catch {
                found = .failure(error)
            }
            engine.loop.execute { engine.asked(uuid, found) }
        }
    }

    private func asked(_ uuid: String, _ found: Result<FoundMail, QueueFolderError>) {
        guard look.isAnswered(uuid) else { return }
        switch found {
        case .success(let found):
            add(found.mail, found.states)
            wake()
        case .failure(let error):
            // One that is gone was found before, and is delivered. But nobody gives a hint twice: a mail that is there
            // and cannot be read now would wait for the next start.
            guard error.kind != .missing, error.kind != .refused else { return }
            log.log(2, uuid: uuid, origin: "core", "its file cannot be read, it is tried again: \(error)")
            lookAgain()
        }
    }

    /// This worker has.
    func found(_ mail: QueuedMail) {
        guard lock != nil, !isStopping else { return }
        guard !look.isUnderWay else { return look.early.append(mail.uuid) }
        add(mail, RecipientStates(count: mail.recipients.count))
        wake()
    }
}

/// What is known of the folder while it is being read: reading takes time, and mails come and go meanwhile.
///
/// A file may be read, delivered by what was known before, and unlinked; what was read of it must not be taken for news
/// then, or it would be delivered once more. So a mail that is over stands here until its file is gone and nobody can
/// still have read it.
struct FolderLook {
    private(set) var isUnderWay = false
    /// All that was there at the start is known.
    var hasEnded = false
    /// Somebody wants the folder looked through once more: since it was begun a hint was lost.
    var isWantedAgain = false
    /// Mails that were queued meanwhile.
    var early: [String] = []
    /// Single files that are being read because of a hint.
    private var asked: Set<String> = []
    /// Mails that are over and whose files may still be there.
    private var leaving: Set<String> = []
    /// Those whose files have gone since the look began.
    private var gone: Set<String> = []

    mutating func begin() { isUnderWay = true }

    /// All that it has found has been told. Returns whom to ask for now.
    mutating func end() -> [String] {
        isUnderWay = false
        gone = []
        defer { early = [] }
        return early
    }

    /// False: its file is being read already, or is on its way out.
    mutating func asks(_ uuid: String) -> Bool { !leaving.contains(uuid) && asked.insert(uuid).inserted }

    /// False: the mail has come to its end meanwhile.
    mutating func isAnswered(_ uuid: String) -> Bool { asked.remove(uuid) != nil }

    mutating func leaves(_ uuid: String) {
        asked.remove(uuid)
        leaving.insert(uuid)
    }

    /// Its file is gone.
    mutating func left(_ uuid: String) {
        leaving.remove(uuid)
        if isUnderWay { gone.insert(uuid) }
    }

    func hasLeft(_ uuid: String) -> Bool { leaving.contains(uuid) || gone.contains(uuid) }

    /// Nothing is being read or unlinked.
    var isQuiet: Bool { !isUnderWay && asked.isEmpty && leaving.isEmpty }
}
