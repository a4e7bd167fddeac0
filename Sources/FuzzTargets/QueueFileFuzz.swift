// Files of the queue: whatever the disk holds, it is read as what was written or refused, and never traps.

import HarakaCore
import HarakaQueue
import SMTPSyntax

/// What can be read can be written and read again as the same; a changed file is never taken for another mail.
/// - Parameter bytes: A byte that chooses, then a head, records, or a whole file; or what a whole file is made of and how it
///   is changed.
public func fuzzQueueFile(_ bytes: UnsafeRawBufferPointer) {
    guard let choice = bytes.first else { return }
    let content = Array(bytes.dropFirst())
    switch choice % 4 {
    case 0: checkHead(content)
    case 1: checkRecords(content)
    case 2: _ = try? QueueFile.check(content)
    default: checkChange(content)
    }
}

private func checkHead(_ json: [UInt8]) {
    guard let mail = try? QueueFileHead.decode(json) else { return }
    let head = QueueFileHead.encode(mail)
    guard let again = try? QueueFileHead.decode(head) else { preconditionFailure("our own head is refused") }
    precondition(QueueFileHead.encode(again) == head, "our own head says something else")
    precondition(again.uuid == mail.uuid && again.recipients.count == mail.recipients.count, "another mail")
}

private func checkRecords(_ bytes: [UInt8]) {
    // A fuzzer hardly finds a checksum: each line of its own is given the right one.
    var lines = bytes
    if bytes.first == UInt8(ascii: "+") {
        lines = []
        for words in bytes.dropFirst().split(separator: 0x0A) {
            let sum = String(CRC32C.of(words), radix: 16)
            lines += Array(String(repeating: "0", count: 8 - sum.count).utf8)
            lines += Array("\(sum) ".utf8)
            lines += words
            lines.append(0x0A)
        }
    }
    guard let found = try? QueueRecordLine.decode(lines) else { return }
    precondition(found.used <= lines.count && (found.tornTail || found.used == lines.count), "bytes are left")
    var states = RecipientStates(count: 8)
    for record in found.records {
        guard let again = try? QueueRecordLine.decode(QueueRecordLine.encode(record)) else {
            preconditionFailure("our own record is refused")
        }
        precondition(again.records == [record] && !again.tornTail, "our own record says something else")
        states.apply(record)
    }
    precondition(
        states.waiting.allSatisfy { states.standing(of: $0) == .waiting } && states.waiting.count <= 8, "states")
}

/// Two bytes for a place, one for what is turned over there; the rest is the message.
private func checkChange(_ content: [UInt8]) {
    guard content.count >= 3, content[2] != 0 else { return }
    let message = Array(content.dropFirst(3))
    var mail = QueuedMail(uuid: "u", queueTime: 1, from: .null, to: [QueuedRecipient(Address(user: "a", host: "b"))])
    mail.notes.set("bytes", .bytes(message))
    mail.size = message.count
    var file = QueueFileHead.framed(mail)
    let head = CRC32C.of(file)
    file += message
    file += QueueEndMark(head: head, whole: CRC32C.of(file)).encode()
    precondition((try? QueueFile.check(file))?.mail == mail, "our own file is refused")
    let place = (Int(content[0]) << 8 | Int(content[1])) % file.count
    precondition((try? QueueFile.check(Array(file[..<place]))) == nil, "a part is taken for the whole")
    file[place] ^= content[2]
    precondition((try? QueueFile.check(file)) == nil, "a change is not seen")
}
