// TLS of a worker: made from the configuration, with the ticket keys that all workers share. docs/encryption.md.

import HarakaTLS

extension MailWorker {
    /// The supervisor's ticket keys: secret, the time that goes with it, and how long a key is used. Before `listen`, on the
    /// link's thread.
    func ticketKeys(_ fields: [String]) {
        guard fields.count == 3, let epoch = Int64(fields[1]), let period = Int64(fields[2]) else { return }
        let secret = TicketSecret.bytes(fields[0])
        guard secret.count == TicketSecret.count else { return }
        tickets = TicketKeys(secret: secret, epoch: epoch, period: period)
        renewTLS()
    }

    /// Makes TLS anew if the configuration of it has changed. What cannot be used leaves TLS as it was. On the link's thread,
    /// because it takes milliseconds.
    func renewTLS() {
        guard let tickets, tlsSettings != configuration.tls || tls == nil else { return }
        defer { giveTLS() }
        guard let settings = configuration.tls else {
            tlsSettings = nil
            tls = nil
            return
        }
        do {
            tls = try TLSContext(settings, tickets: tickets)
            tlsSettings = settings
        } catch {
            log.log(3, uuid: "-", origin: "core", "TLS stays as it was: \(error)")
        }
    }

    private func giveTLS() {
        let (settings, tls) = (configuration.serverSettings, tls)
        loop.execute { [self] in server.change(settings.with(tls)) }
    }
}

/// The secret of session tickets on its way between processes.
enum TicketSecret {
    static let count = 32

    static func random() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    static func bytes(_ text: String) -> [UInt8] {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
