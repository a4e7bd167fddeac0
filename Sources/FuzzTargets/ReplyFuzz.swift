// Replies of a server: whatever it sends, they do not depend on how it arrives, and hold nothing that could end a line.

import SMTPSyntax

/// The same events at once, byte by byte and in odd pieces; within the limits; and what our encoder writes of a reply
/// is read as that reply again.
/// - Parameter bytes: Limit of a line, limit of lines, then what a server sends.
public func fuzzReplyDecoder(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 2 else { return }
    let limits = (line: 4 + Int(bytes[0]), lines: 1 + Int(bytes[1] & 7))
    let input = UnsafeRawBufferPointer(rebasing: bytes[2...])
    let whole = events(input, limits, step: input.count)
    for step in [1, 2, 3, 7] {
        precondition(events(input, limits, step: step) == whole, "replies depend on how the bytes arrive")
    }
    for event in whole {
        switch event {
        case .reply(let reply): check(reply, limits)
        case .malformed(let malformed):
            precondition(event == whole.last, "something is read behind what is no reply")
            precondition(isClean(malformed.text) && malformed.line.utf8.count <= 800, "a malformed line is not clean")
        }
    }
}

private func events(
    _ input: UnsafeRawBufferPointer, _ limits: (line: Int, lines: Int), step: Int
) -> [ReplyDecoder.Event] {
    var decoder = ReplyDecoder(lineLimit: limits.line, maxLines: limits.lines, sizeLimit: 1024)
    var found: [ReplyDecoder.Event] = []
    var start = 0
    while start < input.count {
        let piece = UnsafeRawBufferPointer(rebasing: input[start..<min(start + max(step, 1), input.count)])
        let (consumed, event) = decoder.next(piece)
        precondition(consumed > 0 && consumed <= piece.count, "consumed is out of range")
        precondition(event != nil || consumed == piece.count, "bytes are left without an event")
        start += consumed
        guard let event else { continue }
        found.append(event)
        if case .malformed = event { return found }
        precondition(!decoder.isMidway, "a reply has begun behind one that has just ended")
    }
    return found
}

private func check(_ reply: Reply, _ limits: (line: Int, lines: Int)) {
    precondition((200...599).contains(reply.code), "no code of SMTP's")
    precondition((1...limits.lines).contains(reply.lines.count), "too many lines, or none")
    for line in reply.lines {
        // A byte that is no UTF-8 becomes three.
        precondition(isClean(line) && line.utf8.count <= limits.line * 3 + 6, "a line is not clean, or too long")
    }
    precondition(reply.status.map { Int($0.class) == reply.code / 100 } ?? true, "a status of another class")
    var wire: [UInt8] = []
    reply.encode { wire += $0 }
    var decoder = ReplyDecoder(maxLines: 4096)
    let again = wire.withUnsafeBytes { decoder.next($0) }
    guard again.consumed == wire.count, case .reply(let same)? = again.event else {
        preconditionFailure("our own words are no reply")
    }
    precondition(same.code == reply.code, "our own words say something else")
}

private func isClean(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
}
