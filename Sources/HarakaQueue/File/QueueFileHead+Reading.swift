// Reading the head of a queue's file.

import HarakaCore
import SMTPSyntax

extension QueueFileHead {
    /// The mail that was written. Members that are not known come from a newer version and are stepped over.
    /// - Throws: `damaged` if it is no JSON, something is missing or has the wrong type
    public static func decode(_ json: [UInt8]) throws(QueueFileError) -> QueuedMail { try decode(json[...]) }

    /// The same of a part of what was read.
    public static func decode(_ json: ArraySlice<UInt8>) throws(QueueFileError) -> QueuedMail {
        try json.withUnsafeBytes { bytes in Result { () throws(QueueFileError) in try decode(bytes) } }.get()
    }

    /// The same of bytes that somebody else keeps.
    public static func decode(_ json: UnsafeRawBufferPointer) throws(QueueFileError) -> QueuedMail {
        guard json.count <= maximumBytes else { throw .damaged("head: more than \(maximumBytes) bytes") }
        var reader = JSONReader(json)
        var members = HeadMembers()
        try reader.object { reader, name throws(QueueFileError) in try members.read(name, &reader) }
        try reader.end()
        return try members.whole()
    }
}

/// What was found so far.
private struct HeadMembers {
    private var mail = QueuedMail(uuid: "", queueTime: 0, from: .null, to: [])
    /// One bit for each member that must be there.
    private var found: UInt8 = 0
    private static let all: UInt8 = 0b11111

    mutating func read(_ name: String, _ reader: inout JSONReader) throws(QueueFileError) {
        switch name {
        case "queue_time":
            mail.queueTime = try reader.integer()
            found |= 1
        case "uuid":
            mail.uuid = try reader.string()
            found |= 2
        case "mail_from":
            mail.reversePath = try reader.address()
            found |= 4
        case "rcpt_to":
            mail.recipients = try recipients(&reader)
            found |= 8
        case "size":
            mail.size = try size(&reader)
            found |= 16
        default: try readOptional(name, &reader)
        }
    }

    private mutating func readOptional(_ name: String, _ reader: inout JSONReader) throws(QueueFileError) {
        switch name {
        case "notes": mail.notes = try notes(&reader)
        case "origin": mail.origin = try reader.string()
        case "is_8bit": mail.is8Bit = try reader.boolean()
        case "is_utf8": mail.isUTF8 = try reader.boolean()
        case "force_tls": mail.forcesTLS = try reader.boolean()
        case "envid": mail.envelopeID = try reader.string()
        case "ret": mail.returnsFullMessage = try reader.string() == "FULL"
        default: try reader.skip()
        }
    }

    func whole() throws(QueueFileError) -> QueuedMail {
        guard found == HeadMembers.all else { throw .damaged("head: a member is missing") }
        guard !mail.uuid.isEmpty else { throw .damaged("head: no uuid") }
        return mail
    }

    private func size(_ reader: inout JSONReader) throws(QueueFileError) -> Int {
        let size = try reader.integer()
        guard size >= 0, size <= Int64(Int32.max) * 1024 else { throw reader.wrong("no size") }
        return Int(size)
    }

    private func recipients(_ reader: inout JSONReader) throws(QueueFileError) -> [QueuedRecipient] {
        var recipients: [QueuedRecipient] = []
        try reader.list { reader throws(QueueFileError) in recipients.append(try recipient(&reader)) }
        return recipients
    }

    private func recipient(_ reader: inout JSONReader) throws(QueueFileError) -> QueuedRecipient {
        var members = AddressMembers()
        var original = ""
        var notify = QueuedRecipient.Notify.usual
        try reader.object { reader, name throws(QueueFileError) in
            switch name {
            case "orcpt": original = try reader.string()
            case "notify": notify = NotifyWords.read(try reader.string())
            default: if try !reader.addressMember(name, &members) { try reader.skip() }
            }
        }
        guard let address = members.address else { throw reader.wrong("no address") }
        var recipient = QueuedRecipient(address)
        recipient.original = original
        recipient.notify = notify
        return recipient
    }

    /// Names with a dot cannot be at the root: a dot is where a path of notes is cut.
    private func notes(_ reader: inout JSONReader) throws(QueueFileError) -> Notes {
        var notes = Notes()
        try reader.object { reader, name throws(QueueFileError) in notes.set(name, try reader.value()) }
        return notes
    }
}
