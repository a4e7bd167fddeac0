// One attempt: the file is opened, the plugins are asked, a way is found, the message goes out.

import HarakaCore
import HarakaPluginHost
import HarakaQueue
import HarakaSpool
import NIOCore
import SMTPSyntax

/// The steps of an attempt, up to the delivery: begin -> opened -> askSend -> askRoute -> route -> deliver. Each ends
/// in the next one, in `fail` or `defer_` (all recipients alike), or in `ended` when the part has been put back without
/// an attempt. The attempt is in ``OutboundEngine/underWay`` from `opened` to `ended`.
extension OutboundEngine {
    /// The machine has given the part out.
    func begin(_ id: PartID) {
        guard let part = machine.part(id) else { return }
        // Who of it has it already is not on disk yet: first that.
        guard unwritten[part.uuid] == nil else {
            return machine.delayed(id, until: OutboundEngine.now() + 1000)
        }
        // Of those that may have ended the process few go at a time, so that it is known which one does.
        guard suspects.mayBegin(part.uuid) else {
            return machine.delayed(id, until: OutboundEngine.now() + 1000)
        }
        // From here on the mail is under suspicion: opening and reading it may already be what ends the process.
        let folder = outbox.folder
        suspects.begins(part.uuid)
        nonisolated(unsafe) let engine = self
        net.offload {
            let outcome: Result<StoredMail, QueueFolderError>
            do throws(QueueFolderError) { outcome = .success(try folder.open(part.uuid)) } catch {
                outcome = .failure(error)
            }
            // Counted off the loop, where the file is open anyway.
            // Later attempts carry the same header.
            let hops = part.failures == 0 ? (try? outcome.get()).map { OutboundEngine.receivedCount($0) } ?? 0 : 0
            engine.loop.execute { engine.opened(id, part, outcome, hops: hops) }
        }
    }

    private func opened(
        _ id: PartID, _ part: QueuePart, _ outcome: Result<StoredMail, QueueFolderError>, hops: Int
    ) {
        // Nobody may begin any more, and the machine's word is not needed: what is queued is in its file.
        guard !isStopping else { return suspects.survived(part.uuid, forgives: false) }
        switch outcome {
        case .failure(let error): cannotOpen(id, part, error)
        case .success(let stored):
            let attempt = Attempt(id, part, stored, path: "\(outbox.folder.path)/\(part.uuid)")
            underWay[id] = attempt
            // The two other purposes go the same way without a server: plugins and the sender are to hear of them as of
            // any other failure.
            switch part.purpose {
            // RFC 5321 section 6.3. The session counts too; mail of plugins comes without one.
            case .attempt where hops > settings.outbound.maxReceived:
                fail(
                    attempt, "Too many hops: the message goes round in circles", .init(class: 5, subject: 4, detail: 6))
            case .attempt: askSend(attempt)
            case .bounce: fail(attempt, "Given up by the administrator", .init(class: 5, subject: 0, detail: 0))
            case .expired:
                fail(attempt, "Too many failures (\(part.lastError))", .init(class: 5, subject: 4, detail: 7))
            }
        }
    }

    /// How many servers have had the message. Blocks.
    private static func receivedCount(_ stored: StoredMail) -> Int {
        // Servers' fields stand at the top; who has more of the header than this before them is not looked after.
        guard let bytes = try? read(stored, min(stored.bodyStart, 128 * 1024)) else { return 0 }
        var count = 0
        for line in bytes.split(separator: 0x0A) where line.count > 9 {
            // Most lines begin with another letter.
            guard let first = line.first, first | 0x20 == UInt8(ascii: "r") else { continue }
            if String(decoding: line.prefix(9), as: UTF8.self).lowercased() == "received:" { count += 1 }
        }
        return count
    }

    /// Nothing was attempted, so no attempt is used up. A file that is gone or damaged will not come back by waiting;
    /// one that cannot be read now (no descriptor left, an error of the disk) may.
    private func cannotOpen(_ id: PartID, _ part: QueuePart, _ error: QueueFolderError) {
        suspects.survived(part.uuid)
        if error.kind == .missing {
            // Removed by hand: nobody waits for it any more.
            log.log(4, uuid: part.hmailUUID, origin: "core", "its file has been removed")
            machine.forget(part.uuid)
        } else if error.kind == .damaged {
            log.log(
                1, uuid: part.hmailUUID, origin: "core", "damaged queue file set aside as error.\(part.uuid): \(error)")
            machine.forget(part.uuid)
            setAside(part.uuid, as: .error, because: "\(error)")
        } else {
            log.log(2, uuid: part.hmailUUID, origin: "core", "its file cannot be read, it is tried again: \(error)")
            // No attempt was made, so the schedule has nothing to say about it.
            machine.delayed(id, until: OutboundEngine.now() + 60_000)
        }
        wake()
    }

    // MARK: where to

    /// Haraka's order: first whether it may go at all, then where to.
    private func askSend(_ attempt: Attempt) {
        // A plugin may hold it for as long as its hook's limit; the part keeps its slot meanwhile.
        host.ask(.sendEmail, about: attempt.mail) { [self] verdict in
            guard verdict.code == .delay else { return askRoute(attempt) }
            let seconds = verdict.seconds ?? 60
            log.log(6, uuid: attempt.mail.uuid, origin: "core", "put off by a plugin for \(seconds) s")
            machine.delayed(attempt.id, until: OutboundEngine.now() + seconds * 1000)
            ended(attempt, hasTried: false)
        }
    }

    private func askRoute(_ attempt: Attempt) {
        let domain = attempt.part.domain
        host.ask(.getMX(domain: domain), about: attempt.mail) { [self] verdict in
            switch verdict.code {
            case .ok:
                // An answer that cannot be understood is a plugin's mistake, for which no sender shall pay: not now.
                switch GetMXAnswer.mx(from: verdict.reply.given) {
                case .success(let given): route(attempt, given)
                case .failure(let error):
                    log.log(3, uuid: attempt.mail.uuid, origin: "core", "get_mx: \(error)")
                    defer_(
                        attempt, 450, .init(class: 4, subject: 1, detail: 2), "Temporary MX lookup error for \(domain)")
                }
            // "Bad destination system address": for good, by a plugin's word (RFC 3463 section 3.2).
            case .deny, .denyDisconnect:
                fail(attempt, "No MX for \(domain)", .init(class: 5, subject: 1, detail: 2))
            case .denySoft, .denySoftDisconnect:
                defer_(attempt, 450, .init(class: 4, subject: 1, detail: 2), "Temporary MX lookup error for \(domain)")
            default: route(attempt, nil)
            }
        }
    }

    /// The public text goes to hooks, reports and the record; the cause (which name server, what it said) to the log
    /// only.
    private func route(_ attempt: Attempt, _ given: [MX]?) {
        routes.route(domain: attempt.part.domain, given: given) { [self] result in
            switch result {
            case .failure(let failure):
                if !failure.cause.isEmpty { log.log(6, uuid: attempt.mail.uuid, origin: "core", failure.cause) }
                if failure.isPermanent {
                    fail(attempt, failure.text, failure.status, code: failure.code)
                } else {
                    defer_(attempt, failure.code, failure.status, failure.text)
                }
            case .success(let hops): deliver(attempt, hops)
            }
        }
    }

    /// The last step here: hops are known, and the deliverer tells how it went.
    private func deliver(_ attempt: Attempt, _ hops: [Hop]) {
        // Only now is it known whose window the part needs: several domains may have the same hosts. If that is full it
        // goes back, and comes again by itself.
        guard machine.sited(attempt.id, OutboundEngine.site(hops), now: OutboundEngine.now()) == .go else {
            return ended(attempt, hasTried: false)
        }
        let head = attempt.stored.mail
        var envelope = ClientEnvelope(
            from: head.reversePath, recipients: attempt.mail.recipients, size: head.size, is8Bit: head.is8Bit,
            isUTF8: head.isUTF8)
        envelope.returnsFullMessage = head.returnsFullMessage
        envelope.envelopeID = head.envelopeID
        envelope.notifications = attempt.numbers.map { OutboundEngine.notification(head.recipients[$0]) }
        // A plugin's word for this mail, given in a note; connections are kept apart by it.
        let helo = attempt.mail.outboundHelo
        var job = DeliveryJob(
            uuid: attempt.mail.uuid, hops: helo.isEmpty ? hops : hops.map { $0.greeting(as: helo) }, envelope: envelope,
            message: attempt.stored, forcesTLS: attempt.mail.forcesTLS)
        // Made only if the server wants seven bits, on a thread: that is a rewriting of the whole message.
        let (stored, folder) = (attempt.stored, SpoolFolder(in: settings.spoolDirectory))
        job.sevenBitForm = { try SevenBitMessage.make(of: stored, in: folder) }
        deliverer.deliver(job) { [self] result in delivered(attempt, result) }
    }

    /// Ports count: two servers on one machine are two sites.
    /// The hosts of a destination, whatever their addresses are today.
    static func site(_ hops: [Hop]) -> String {
        let names = Set(
            hops.map {
                $0.path.isEmpty ? ($0.host.isEmpty ? $0.ip : $0.host) + ($0.port == 25 ? "" : ":\($0.port)") : $0.path
            })
        return names.sorted().joined(separator: ",")
    }

    private static func notification(_ recipient: QueuedRecipient) -> ClientNotification {
        guard recipient.notify != .usual || !recipient.original.isEmpty else { return ClientNotification() }
        return ClientNotification(
            notify: recipient.notify == .usual ? nil : .init(rawValue: recipient.notify.rawValue),
            original: recipient.original)
    }
}
