// Telling the sender. docs/outbound.md "Reports".

import Glibc
import HarakaCore
import HarakaQueue
import HarakaSpool
import MailMessage
import SMTPSyntax

/// A report is a mail like any other: it is made and stored, and then goes its own way through the queue. So it does
/// not matter to a bounce how, or whether, its report can be delivered; only that it is on disk.
extension OutboundEngine {
    /// Queues the report; `done` is told whether it is on disk, or was not wanted.
    /// The order counts: not before the report is safe may the mail that it is about be forgotten. A process that dies
    /// between has told the sender and tells him again, which is better than not at all.
    func sendReport(
        _ attempt: Attempt, _ failures: [RecipientFailure], _ kind: BounceReport.Kind, _ done: @escaping (Bool) -> Void
    ) {
        let mail = attempt.stored.mail
        let occasion = occasion(failures.first?.reason ?? "")
        // Most reports have the header only, and a message may be large: no more of it is read than is returned.
        let whole = BounceReport.needsMessage(mail, kind, occasion.settings)
        let stored = attempt.stored
        nonisolated(unsafe) let (engine, attempt, done) = (self, attempt, done)
        // Reading and composing take as long as the disk and the message want: not on the loop.
        net.offload {
            let report = Result {
                let bytes = try OutboundEngine.read(
                    stored, whole ? stored.size : min(stored.size, occasion.settings.headerLimit))
                let original: DeliveryReport.Original = whole ? .message(bytes) : .header(OutboundEngine.header(bytes))
                return BounceReport(kind, on: mail, about: failures, original: original, occasion)
            }
            engine.loop.execute { engine.queue(report, occasion, about: attempt, done) }
        }
    }

    /// What a report knows of the moment: the local time's offset, as its Date field shows it, and a uuid of its own.
    private func occasion(_ error: String) -> BounceReport.Occasion {
        // Not `OutboundEngine.now()`: only C's calendar knows summer time.
        var now = time(nil)
        var local = tm()
        localtime_r(&now, &local)
        var occasion = BounceReport.Occasion(
            me: settings.hostName, pid: Int(getpid()), uuid: "\(ServerContext.makeUUID()).1", now: OutboundEngine.now())
        occasion.offsetMinutes = local.tm_gmtoff / 60
        occasion.templates = settings.templates
        occasion.settings = settings.outbound.reports
        occasion.error = error
        return occasion
    }

    /// Room is looked for as with any mail: a full disk must not be filled by what is said about it.
    private func queue(
        _ report: Result<BounceReport?, any Error>, _ occasion: BounceReport.Occasion, about attempt: Attempt,
        _ done: @escaping (Bool) -> Void
    ) {
        switch report {
        // The mail that cannot be read for its report waits, and nobody is told that it has failed until he is told so
        // in writing.
        case .failure(let error):
            log.log(2, uuid: attempt.mail.uuid, origin: "core", "no report could be made, it is tried again: \(error)")
            done(false)
        // The settings, or RET and NOTIFY, want none: that is as good as having told.
        case .success(nil): done(true)
        case .success(let report?):
            outbox.store(report.queued(occasion), BytesView(report.bytes)) { done($0 == nil) }
        }
    }

    /// The first bytes of a message. Blocks.
    static func read(_ message: any MessageView, _ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        // A view may give less than it is asked for.
        while done < count {
            let got = try bytes.withUnsafeMutableBytes { buffer in
                try message.read(at: done, into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
            }
            guard got > 0 else { break }
            done += got
        }
        return Array(bytes.prefix(done))
    }

    /// Up to the empty line.
    static func header(_ bytes: [UInt8]) -> [UInt8] {
        for index in bytes.indices.dropLast(3) where bytes[index...].starts(with: [13, 10, 13, 10]) {
            return Array(bytes[..<(index + 2)])
        }
        return bytes
    }
}

/// A message in memory.
/// Of a report: it is made in one piece, and never large.
final class BytesView: MessageView {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var size: Int { bytes.count }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard offset >= 0, offset < bytes.count else { return 0 }
        let count = min(buffer.count, bytes.count - offset)
        bytes.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + count)]))
        }
        return count
    }
}
