// Telling the sender. docs/outbound.md "Reports".

import Glibc
import HarakaCore
import HarakaQueue
import HarakaSpool
import MailMessage
import SMTPSyntax

extension OutboundEngine {
    /// Queues the report; `done` is told whether it is on disk, or was not wanted.
    func sendReport(
        _ attempt: Attempt, _ failures: [RecipientFailure], _ kind: BounceReport.Kind, _ done: @escaping (Bool) -> Void
    ) {
        let mail = attempt.stored.mail
        let occasion = occasion(failures.first?.reason ?? "")
        let whole = BounceReport.needsMessage(mail, kind, occasion.settings)
        let stored = attempt.stored
        nonisolated(unsafe) let (engine, attempt, done) = (self, attempt, done)
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

    private func occasion(_ error: String) -> BounceReport.Occasion {
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

    private func queue(
        _ report: Result<BounceReport?, any Error>, _ occasion: BounceReport.Occasion, about attempt: Attempt,
        _ done: @escaping (Bool) -> Void
    ) {
        switch report {
        case .failure(let error):
            log.log(2, uuid: attempt.mail.uuid, origin: "core", "no report could be made, it is tried again: \(error)")
            done(false)
        case .success(nil): done(true)
        case .success(let report?):
            outbox.store(report.queued(occasion), BytesView(report.bytes)) { done($0 == nil) }
        }
    }

    /// The first bytes of a message. Blocks.
    static func read(_ message: any MessageView, _ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
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
