// Who writes down what becomes of queued mails, away from the loop. docs/outbound.md "What survives what".

import HarakaCore
import HarakaQueue
import HarakaSpool
import NIOCore

/// Several clerks, each for the files whose names fall to it: what is written down of one mail does not wait for the syncs
/// of all others, and a file system makes one commit of many. On the loop.
final class QueueClerks {
    private let clerks: [QueueClerk]

    init(_ folder: QueueFolder, loop: any EventLoop, log: any SessionLog) {
        clerks = (0..<8).map { _ in QueueClerk(folder, loop: loop, log: log) }
    }

    /// Between two attempts at a step that has failed. Set before the first step.
    var pause: TimeAmount {
        get { clerks[0].pause }
        set { for clerk in clerks { clerk.pause = newValue } }
    }

    /// See ``QueueClerk/carryOut(_:replacesOthers:_:_:)``.
    func carryOut(
        _ uuid: String, replacesOthers: Bool = false, _ work: @escaping QueueClerk.Work,
        _ done: (@Sendable () -> Void)? = nil
    ) {
        let place = Int(UInt(bitPattern: uuid.hashValue) % UInt(clerks.count))
        clerks[place].carryOut(uuid, replacesOthers: replacesOthers, work, done)
    }

    /// Calls `done` on the loop when all that was wanted before has been done, or has been tried.
    func barrier(_ done: @escaping () -> Void) {
        all(done) { clerk, one in
            nonisolated(unsafe) let one = one
            clerk.barrier { one() }
        }
    }

    /// The same, for the last time.
    func end(_ done: @escaping () -> Void) { all(done) { clerk, one in clerk.end(one) } }

    private func all(_ done: @escaping () -> Void, _ each: (QueueClerk, @escaping () -> Void) -> Void) {
        var left = clerks.count
        for clerk in clerks {
            each(clerk) {
                left -= 1
                if left == 0 { done() }
            }
        }
    }
}

/// Changes the queue's files, on a thread of its own, one step after the other: steps about one file keep their order.
///
/// A step that the disk does not take waits and is tried again, and whatever is wanted of the same file waits behind
/// it: what was delivered must not be forgotten, nor a later word be overtaken by an earlier one. Other files are not
/// held up.
final class QueueClerk: @unchecked Sendable {
    typealias Work = @Sendable (QueueFolder) throws -> Void

    private struct Step {
        let work: Work
        let done: (@Sendable () -> Void)?
    }

    /// Between two attempts at a step that has failed. Before the first step.
    var pause = TimeAmount.seconds(5)
    private let folder: QueueFolder
    private let thread = QueueWriters(threads: 1)
    private let loop: any EventLoop
    private let log: any SessionLog
    /// By file: the first has failed, the others wait behind it. On the thread.
    private var stuck: [String: [Step]] = [:]

    init(_ folder: QueueFolder, loop: any EventLoop, log: any SessionLog) {
        (self.folder, self.loop, self.log) = (folder, loop, log)
    }

    /// - Parameters:
    ///   - replacesOthers: the mail's last step: what has not been done before need not be done
    ///   - done: on the loop, when it is on disk, or can never be
    func carryOut(
        _ uuid: String, replacesOthers: Bool = false, _ work: @escaping Work, _ done: (@Sendable () -> Void)? = nil
    ) {
        // The order is made by the loop that submits; all that follows happens on the one thread.
        thread.submit { [self] in
            let step = Step(work: work, done: done)
            if replacesOthers { for other in stuck.removeValue(forKey: uuid) ?? [] { tell(other) } }
            guard stuck[uuid] == nil else { return stuck[uuid]?.append(step) ?? () }
            if let error = failure(step) { stick(uuid, [step], error) } else { tell(step) }
        }
    }

    /// Calls `done` on the loop when all that was wanted before has been done, or has been tried.
    func barrier(_ done: @escaping @Sendable () -> Void) {
        thread.submit { [loop] in loop.execute(done) }
    }

    /// The same, for the last time: what is stuck gets one more chance, and is given up with a line in the log.
    func end(_ done: @escaping () -> Void) {
        nonisolated(unsafe) let done = done
        thread.submit { [self] in
            // A record that is lost here is a mail that arrives twice: that must not happen in silence.
            for uuid in stuck.keys.sorted() {
                advance(uuid)
                guard stuck.removeValue(forKey: uuid) != nil else { continue }
                note(uuid, "is not written down: somebody may get it twice")
            }
            loop.execute { done() }
        }
    }

    // MARK: on the thread

    /// nil: it is done, or nothing is to be done any more.
    private func failure(_ step: Step) -> (any Error)? {
        do { try step.work(folder) } catch {
            if (error as? QueueFolderError)?.kind == .missing { return nil }
            return error
        }
        return nil
    }

    private func stick(_ uuid: String, _ steps: [Step], _ error: any Error) {
        // Only a disk can do better later. A file that is not what it was takes no record, however often it is asked;
        // who opens it next sets it aside.
        guard (error as? QueueFolderError)?.kind == .system else {
            note(uuid, "cannot be written down: \(error)")
            return steps.forEach(tell)
        }
        stuck[uuid] = steps
        note(uuid, "cannot be written down, it is tried again: \(error)")
        loop.scheduleTask(in: pause) { [self] in thread.submit { [self] in advance(uuid) } }
    }

    /// All that waits for a file, until one step fails.
    private func advance(_ uuid: String) {
        guard var steps = stuck.removeValue(forKey: uuid) else { return }
        while let step = steps.first {
            if let error = failure(step) { return stick(uuid, steps, error) }
            steps.removeFirst()
            tell(step)
        }
    }

    private func tell(_ step: Step) {
        if let done = step.done { loop.execute(done) }
    }

    private func note(_ uuid: String, _ text: String) {
        loop.execute { [log] in log.log(1, uuid: uuid, origin: "core", text) }
    }
}
