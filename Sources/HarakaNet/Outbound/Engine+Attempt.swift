// One attempt: the file is opened, the plugins are asked, a way is found, the message goes out.

import HarakaCore
import HarakaPluginHost
import HarakaQueue
import HarakaSpool
import NIOCore
import SMTPSyntax

/// A part on its way. On the loop.
final class Attempt {
    let id: PartID
    let part: QueuePart
    let stored: StoredMail
    let mail: HMail
    /// Recipients by their number in the mail, in the order of `mail.recipients`.
    let numbers: [Int]
    /// What the attempt comes to, while hooks are asked about it.
    var end = AttemptEnd()

    init(_ id: PartID, _ part: QueuePart, _ stored: StoredMail, path: String) {
        self.id = id
        self.part = part
        self.stored = stored
        let head = stored.mail
        numbers = part.numbers.filter { head.recipients.indices.contains($0) }
        mail = HMail(
            uuid: part.hmailUUID, path: path, domain: part.domain,
            envelope: (head.reversePath, numbers.map { head.recipients[$0].address }), queueTime: head.queueTime,
            size: head.size, origin: head.origin, notes: head.notes, message: { stored })
        mail.failures = part.failures
        mail.lastError = part.lastError
        mail.forcesTLS = head.forcesTLS
    }

    /// The number of a recipient of this attempt.
    func number(_ place: Int) -> Int { numbers[place] }
}

extension OutboundEngine {
    /// The machine has given the part out.
    func begin(_ id: PartID) {
        guard let part = machine.part(id) else { return }
        // Of those that may have ended the process few go at a time, so that it is known which one does.
        guard suspects.mayBegin(part.uuid) else {
            return machine.delayed(id, until: OutboundEngine.now() + 1000)
        }
        let folder = outbox.folder
        suspects.begins(part.uuid)
        nonisolated(unsafe) let engine = self
        net.offload {
            let outcome: Result<StoredMail, QueueFolderError>
            do throws(QueueFolderError) { outcome = .success(try folder.open(part.uuid)) } catch {
                outcome = .failure(error)
            }
            // Later attempts carry the same header.
            let hops = part.failures == 0 ? (try? outcome.get()).map { OutboundEngine.receivedCount($0) } ?? 0 : 0
            engine.loop.execute { engine.opened(id, part, outcome, hops: hops) }
        }
    }

    private func opened(
        _ id: PartID, _ part: QueuePart, _ outcome: Result<StoredMail, QueueFolderError>, hops: Int
    ) {
        guard !isStopping else { return suspects.survived(part.uuid, forgives: false) }
        switch outcome {
        case .failure(let error): cannotOpen(id, part, error)
        case .success(let stored):
            let attempt = Attempt(id, part, stored, path: "\(outbox.folder.path)/\(part.uuid)")
            underWay[id] = attempt
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
        guard let bytes = try? read(stored, min(stored.size, 128 * 1024)) else { return 0 }
        var count = 0
        for line in header(bytes).split(separator: 0x0A) where line.count > 9 {
            if String(decoding: line.prefix(9), as: UTF8.self).lowercased() == "received:" { count += 1 }
        }
        return count
    }

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
            setAside(part.uuid, because: "\(error)")
        } else {
            log.log(2, uuid: part.hmailUUID, origin: "core", "its file cannot be read, it is tried again: \(error)")
            machine.delayed(id, until: OutboundEngine.now() + 60_000)
        }
        wake()
    }

    private func setAside(_ uuid: String, because reason: String) {
        let folder = outbox.folder
        nonisolated(unsafe) let engine = self
        clerk.submit {
            do { try folder.setAside(uuid, as: .error, because: reason) } catch {
                engine.loop.execute { engine.log.log(1, uuid: uuid, origin: "core", "cannot be set aside: \(error)") }
            }
        }
    }

    // MARK: where to

    private func askSend(_ attempt: Attempt) {
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
                switch GetMXAnswer.mx(from: verdict.reply.given) {
                case .success(let given): route(attempt, given)
                case .failure(let error):
                    log.log(3, uuid: attempt.mail.uuid, origin: "core", "get_mx: \(error)")
                    defer_(
                        attempt, 450, .init(class: 4, subject: 1, detail: 2), "Temporary MX lookup error for \(domain)")
                }
            case .deny, .denyDisconnect:
                fail(attempt, "No MX for \(domain)", .init(class: 5, subject: 1, detail: 2))
            case .denySoft, .denySoftDisconnect:
                defer_(attempt, 450, .init(class: 4, subject: 1, detail: 2), "Temporary MX lookup error for \(domain)")
            default: route(attempt, nil)
            }
        }
    }

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

    private func deliver(_ attempt: Attempt, _ hops: [Hop]) {
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
        let helo = attempt.mail.outboundHelo
        var job = DeliveryJob(
            uuid: attempt.mail.uuid, hops: helo.isEmpty ? hops : hops.map { $0.greeting(as: helo) }, envelope: envelope,
            message: attempt.stored, forcesTLS: attempt.mail.forcesTLS)
        let (stored, folder) = (attempt.stored, SpoolFolder(in: settings.spoolDirectory))
        job.sevenBitForm = { try SevenBitMessage.make(of: stored, in: folder) }
        deliverer.deliver(job) { [self] result in delivered(attempt, result) }
    }

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

extension Verdict {
    /// The seconds of DELAY, and of DENYSOFT to `deferred`.
    var seconds: Int64? {
        switch reply.value {
        case .integer(let seconds): max(0, min(seconds, 31_536_000))
        case .number(let seconds): seconds.isFinite ? Int64(max(0, min(seconds, 31_536_000))) : nil
        default: Int64(reply.text).map { max(0, min($0, 31_536_000)) }
        }
    }
}

extension PluginReply {
    /// The answer of `get_mx`: its value, or its text.
    var given: Value { value == .null ? .text(text) : value }
}

extension Hop {
    fileprivate func greeting(as name: String) -> Hop {
        var hop = self
        hop.helo = name
        return hop
    }
}

extension HMail {
    /// `notes.outbound_helo`: the name for EHLO, whatever the settings say.
    var outboundHelo: String {
        if case .text(let name)? = notes.get("outbound_helo") { return name }
        return ""
    }
}
